// Small things for building a page. Text only ever becomes text: there is no way to markup from here.

/** An element with properties, attributes (in `attributes`) and children, which are nodes or text. */
export function make(tag, { attributes = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== undefined && child !== ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

const LINK = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?()[\]{}]/g;
// Characters that would turn the text around them about, or can't be seen: shown as their code.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u206f\ufeff]/g;

export function harmless(text) {
  return text.replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A message's text, with links that can be followed. */
export function linked(text) {
  const shown = harmless(text.replaceAll("\r\n", "\n"));
  const parts = [];
  let done = 0;
  for (const { 0: url, index } of shown.matchAll(LINK)) {
    parts.push(shown.slice(done, index), make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url));
    done = index + url.length;
  }
  parts.push(shown.slice(done));
  return parts;
}

/** A colour of one's own, from the name. */
export function hue(name) {
  let sum = 2166136261; // FNV-1a: names that differ little get colours that differ much
  for (const c of name) sum = Math.imul(sum ^ c.codePointAt(0), 16777619) >>> 0;
  return sum % 360;
}

export function avatar(name) {
  const letter = harmless([...name][0] ?? "?").toUpperCase();
  const element = make("span", { className: "avatar", attributes: { "aria-hidden": "true" } }, letter);
  element.style.setProperty("--hue", hue(name));
  return element;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export function clock(at) {
  const date = new Date(at);
  return make("time", { dateTime: at, title: FULL.format(date) }, TIME.format(date));
}

export const dayOf = (at) => DAY.format(new Date(at));

/** Make a text area as high as what is in it. */
export function fit(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
}
