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

const MOST_TRIED = 50; // highlights at which the part of a long text may begin
const MARKS = /[“”„‟«»＂「」『』]/g;
const PARTS = /([a-z]+):("[^"]*"?|[^\s"]*)|"[^"]*"\*?|[^\s"]+/gi;
const FILTERS: ReadonlySet<string> = new Set(["from", "in", "before", "after", "has", "is"]);

/** A text with the quotation marks and colons that queries have, each as long as what other keyboards write. */
const plain = (text: string): string => text.replace(MARKS, '"').replaceAll("：", ":");

/** The filters of a query. */
export function filtersOf(text: string): Part[] {
  return [...plain(text).matchAll(PARTS)]
    .map(({ 0: all, 1: name = "", 2: value = "", index }) => ({
      ...{ from: index, to: index + all.length, name: name.toLowerCase(), value: value.replaceAll('"', "") },
    }))
    .filter(({ name }) => FILTERS.has(name));
}

/** A filter as it stands in a query. */
export const written = (name: string, value: string): string => `${name}:${/\s/.test(value) ? `"${value}"` : value}`;

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

/** A query as the server reads it. What may be several rooms is left to the server. */
export function toServer(text: string, rooms: readonly NamedRoom[]): string {
  const called = ({ title, alias }: NamedRoom, name: string) => name === `#${alias}` || name === alias || name === fold(title);
  return changed(text, ({ name, value }) => {
    const found = name === "in" && !value.startsWith("@") ? rooms.filter((room) => called(room, fold(value))) : [];
    return found.length === 1 ? (found[0]?.room ?? value) : value;
  });
}

/** The filter that is being written where the cursor is. */
export const filterAt = (text: string, at: number): Part | undefined =>
  filtersOf(text).find(({ name, from, to }) => at <= to && at > from + name.length);

/** What can be searched for while a text is being written: without a filter that has only begun, and with a phrase as far as it goes. */
export function soFar(text: string, begun?: Part): string {
  const rest = begun ? text.slice(0, begun.from) + text.slice(begun.to) : text;
  const pieces = plain(rest).split('"');
  const isOpen = pieces.length % 2 === 0;
  const isPhrase = isOpen && !pieces.at(-2)?.endsWith(":") && /[\p{L}\p{N}]$/u.test(rest);
  return rest + (isPhrase ? '*"' : isOpen ? '"' : "");
}

const DAY = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$/;

/** Whether what stands behind a colon is the beginning of a date. */
export const isBegunDate = ({ name, value }: Part): boolean => /^(before|after)$/.test(name) && /^(\d{0,3}|\d.*[-/.])$/.test(value);

/** A day, month or year as numbers; nothing if there is none such. */
function dateIn(value: string): number[] | undefined {
  const parts = (DAY.exec(value)?.slice(1) ?? []).filter((part) => part !== undefined).map(Number);
  const [year = 0, month = 1, day = 1] = parts;
  const begin = new Date(year, month - 1, day);
  const isOne = year >= 1000 && year < 9999 && begin.getMonth() === month - 1 && begin.getDate() === day;
  return isOne ? parts : undefined;
}

/** A day as fields for dates have it; empty if it is none. */
export function dayIn(value: string): string {
  const parts = dateIn(value);
  return parts?.length === 3 ? parts.map((part) => `${part}`.padStart(2, "0")).join("-") : "";
}

/** A query whose days, months and years begin and end where one is, and not at the server: as moments. */
export const inLocalTime = (query: string): string =>
  changed(query, ({ name, value }) => {
    const parts = /^(before|after)$/.test(name) ? dateIn(value) : undefined;
    if (!parts) return value; // which the server understands, or says why not
    const [year = 0, month = 1, day = 1] = parts.map((part, n) => part + (name === "after" && n === parts.length - 1 ? 1 : 0));
    return new Date(year, month - 1, day).toISOString();
  });

/** A text in parts: each second one is a highlight. `from` and what follows it count code points. A long one is cut, where most of what was looked for is. */
export function markedParts(text: string, highlights: readonly (readonly [number, number])[], most: number): string[] {
  const points = [...text];
  const from = points.length <= most ? 0 : beginOf(points, highlights, most);
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

/** Where the part of a text begins that has most of the words, the first one if there are several. */
function beginOf(points: readonly string[], highlights: readonly (readonly [number, number])[], most: number): number {
  const words = (from: number) => {
    const shown = highlights.filter(([start, length]) => start >= from && start + length <= from + most);
    return new Set(shown.map(([start, length]) => fold(points.slice(start, start + length).join("")))).size;
  };
  const begins = highlights.slice(0, MOST_TRIED).map(([start]) => (start < most / 2 ? 0 : start - Math.floor(most / 4)));
  return begins.reduce((best, begin) => (words(begin) > words(best) ? begin : best), begins[0] ?? 0);
}
