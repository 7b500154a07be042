// Texts made safe to show, and cut where there are links. Text only ever becomes text: there is no way to markup from here.

const LINK = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?()[\]{}]/g;
// Characters that would turn the text around them about, or can't be seen: shown as their code.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it finds
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u206f\ufeff]/g;

export function harmless(text: string): string {
  return text.replace(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A text in parts: each second one is an address that can be followed. */
export function splitAtLinks(text: string): string[] {
  const parts: string[] = [];
  let done = 0;
  for (const { 0: url, index } of text.matchAll(LINK)) {
    parts.push(text.slice(done, index), url);
    done = index + url.length;
  }
  return [...parts, text.slice(done)];
}

/** A number from a name, the same everywhere: names that differ little get numbers that differ much (FNV-1a). */
export function hashOf(name: string): number {
  let sum = 2166136261;
  for (const c of name) sum = Math.imul(sum ^ (c.codePointAt(0) ?? 0), 16777619) >>> 0;
  return sum;
}
