// Skin tones: what an emoji looks like in one, and without. Pure.

/** The five modifiers of Unicode, from light to dark. */
export const TONES: readonly string[] = ["\u{1f3fb}", "\u{1f3fc}", "\u{1f3fd}", "\u{1f3fe}", "\u{1f3ff}"];

const JOINER = "\u200d";
const AS_PICTURE = "\ufe0f"; // which a modifier says as well
const PEOPLE = /^[\u{1f468}\u{1f469}\u{1f9d1}]/u;
const ANY = new RegExp(`[${TONES.join("")}]`, "gu");

/** An emoji in a skin tone: the modifier follows whatever has skin, which is what comes first, and each other person. */
export function toned(emoji: string, tone: string): string {
  if (!tone) return emoji;
  const parts = emoji.split(JOINER);
  return parts.map((part, i) => (i === 0 || PEOPLE.test(part) ? withTone(part, tone) : part)).join(JOINER);
}

function withTone(part: string, tone: string): string {
  const [first = "", ...rest] = part;
  return [first, tone, ...rest.filter((each) => each !== AS_PICTURE)].join("");
}

/** What tells an emoji apart in whichever tone it is. */
export const untoned = (emoji: string): string => emoji.replace(ANY, "").replaceAll(AS_PICTURE, "");
