// Small things for building a page. Text only ever becomes text: there is no way to markup from here.

type Properties<Tag extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[Tag], "attributes">> & {
  attributes?: Record<string, string | number | boolean>;
};

/** An element with properties, attributes (in `attributes`) and children, which are nodes or text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { attributes = {}, ...properties }: Properties<Tag> = {},
  ...children: (Node | string | undefined)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== ""));
  return element;
}

/** The page's element with this id. To use what only some elements have, pass their class as `kind`. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string, kind?: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof (kind ?? HTMLElement))) throw new Error(`The page has no such #${id}`);
  return element as Kind;
}

const LINK = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?()[\]{}]/g;
// Characters that would turn the text around them about, or can't be seen: shown as their code.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it finds
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u206f\ufeff]/g;

export function harmless(text: string): string {
  return text.replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A message's text, with links that can be followed. */
export function linked(text: string): (Node | string)[] {
  const shown = harmless(text.replaceAll("\r\n", "\n"));
  const parts: (Node | string)[] = [];
  let done = 0;
  for (const { 0: url, index } of shown.matchAll(LINK)) {
    parts.push(shown.slice(done, index), make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url));
    done = index + url.length;
  }
  parts.push(shown.slice(done));
  return parts;
}

/** A colour of one's own, from the name. */
export function hue(name: string): number {
  let sum = 2166136261; // FNV-1a: names that differ little get colours that differ much
  for (const c of name) sum = Math.imul(sum ^ (c.codePointAt(0) ?? 0), 16777619) >>> 0;
  return sum % 360;
}

/** The sign of someone who is called `name`, in the colour of what tells them apart. */
export function avatar(name: string, who = name): HTMLElement {
  const letter = harmless([...name][0] ?? "?").toUpperCase();
  const element = make("span", { className: "avatar", attributes: { "aria-hidden": "true" } }, letter);
  element.style.setProperty("--hue", String(hue(who)));
  return element;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function clock(at: string): HTMLElement {
  const date = new Date(at);
  return make("time", { dateTime: at, title: FULL.format(date) }, TIME.format(date));
}

export const dayOf = (at: string): string => DAY.format(new Date(at));

/** Make a text area as high as what is in it. */
export function fit(area: HTMLTextAreaElement): void {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}
