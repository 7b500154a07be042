// The language of queries, as far as the page writes and completes it. The field has titles of rooms; the server is sent their keys.

export interface Part {
  from: number;
  to: number;
  /** Of a filter such as in:engine. */
  name: string;
  /** What stands behind the colon, without quotation marks. */
  value: string;
}

export interface NamedRoom {
  room: string;
  title: string;
  alias: string;
}

const PARTS = /([a-z]+):("[^"]*"|[^\s"]*)|"[^"]*"\*?|[^\s"]+/gi;
const FILTERS: ReadonlySet<string> = new Set(["from", "in", "before", "after", "has", "is"]);

/** The filters of a query. */
export function filtersOf(text: string): Part[] {
  return [...text.matchAll(PARTS)]
    .map(({ 0: all, 1: name = "", 2: value = "", index }) => ({
      ...{ from: index, to: index + all.length, name: name.toLowerCase(), value: value.replaceAll('"', "") },
    }))
    .filter(({ name }) => FILTERS.has(name));
}

const written = (name: string, value: string): string => `${name}:${/\s/.test(value) ? `"${value}"` : value}`;

/** A query with each filter's value changed; without those that become undefined. */
function changed(text: string, by: (part: Part) => string | undefined): string {
  let [done, query] = [0, ""];
  for (const part of filtersOf(text)) {
    const value = by(part);
    const isSame = value === part.value;
    query += text.slice(done, part.from) + (isSame ? text.slice(part.from, part.to) : value === undefined ? "" : written(part.name, value));
    done = part.to;
  }
  return query + text.slice(done);
}

const tidy = (query: string): string => query.replace(/\s+/g, " ").trim();

/** Whether a query has a filter. */
export const has = (text: string, name: string, value: string): boolean =>
  filtersOf(text).some((part) => part.name === name && part.value === value);

/** A query with a filter, or without it if it is there. */
export function toggled(text: string, name: string, value: string): string {
  if (!has(text, name, value)) return `${tidy(`${text} ${written(name, value)}`)} `;
  return tidy(changed(text, (part) => (part.name === name && part.value === value ? undefined : part.value)));
}

/** A query with one filter of a name, or none. */
export function withOnly(text: string, name: string, value: string | undefined): string {
  const rest = tidy(changed(text, (part) => (part.name === name ? undefined : part.value)));
  return value === undefined ? rest : `${tidy(`${rest} ${written(name, value)}`)} `;
}

/** A query without the filters that still lack their value. */
export const complete = (text: string): string => changed(text, ({ value }) => value || undefined).trim();

/** Whether there is nothing to look for but where. */
export const isNothing = (text: string): boolean => !tidy(withOnly(complete(text), "in", undefined));

const fold = (title: string): string => title.normalize("NFC").toLowerCase();

/** What a room is called in a query: by its alias, or its title if no other room has it, or else its key. */
export function nameOfRoom(room: string, rooms: readonly NamedRoom[]): string {
  const found = rooms.find((each) => each.room === room);
  if (!found) return room;
  if (found.alias) return `#${found.alias}`;
  const isClear =
    found.title && !/^[#@]|"/.test(found.title) && rooms.filter(({ title }) => fold(title) === fold(found.title)).length === 1;
  return isClear ? found.title : room;
}

/** A query as somebody types it, from one as the server reads it. */
export const toField = (query: string, rooms: readonly NamedRoom[]): string =>
  changed(query, ({ name, value }) => (name === "in" ? nameOfRoom(value, rooms) : value));

/** A query as the server reads it. */
export function toServer(text: string, rooms: readonly NamedRoom[]): string {
  const keys = new Map(rooms.map(({ room, title }) => [fold(title), room]));
  return changed(text, ({ name, value }) => (name === "in" && !/^[#@]/.test(value) ? (keys.get(fold(value)) ?? value) : value));
}

/** The filter that is being written where the cursor is. */
export const filterAt = (text: string, at: number): Part | undefined =>
  filtersOf(text).find(({ name, from, to }) => at <= to && at > from + name.length);

/** A text in parts: each second one is a highlight. `from` and what follows it count code points. A long one is cut, around its first highlight. */
export function markedParts(text: string, highlights: readonly (readonly [number, number])[], most: number): string[] {
  const points = [...text];
  const first = highlights[0]?.[0] ?? 0;
  const from = points.length <= most || first < most / 2 ? 0 : first - Math.floor(most / 4);
  const end = Math.min(points.length, from + most);
  const parts: string[] = [];
  let done = from;
  for (const [start, length] of highlights) {
    const stop = Math.min(start + length, end);
    if (start < done || start >= end) continue;
    parts.push(points.slice(done, start).join(""), points.slice(start, stop).join(""));
    done = stop;
  }
  parts.push(points.slice(done, end).join("") + (end < points.length ? "…" : ""));
  return [(from ? "…" : "") + parts[0], ...parts.slice(1)];
}
