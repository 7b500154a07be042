// How well names fit what somebody has typed, for every list in which one looks for something. Fuzzy, but always in the same order.

const PLAIN = /^[ -~]*$/; // ASCII, as nearly always

/** A text as it is compared: without case, accents and other marks. */
export const folded = (text: string): string => (PLAIN.test(text) ? text : text.normalize("NFKD").replace(/\p{M}/gu, "")).toLowerCase();

const WORD = /[\p{L}\p{N}]+/gu;
const NO_FIT = 5;

/** How well a name fits: 0 is the name itself; then come its beginning, that of a word, a part, and letters in this order from a word's beginning on. */
function fitOf(name: string, wanted: string): number {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  const words = [...name.matchAll(WORD)];
  if (words.some(({ index }) => name.startsWith(wanted, index))) return 2;
  if (name.includes(wanted)) return 3;
  return words.some(({ index }) => hasInOrder(name.slice(index), wanted)) ? 4 : NO_FIT;
}

/** Whether a name begins with the first of some letters, and has the others later, in the same order. */
function hasInOrder(name: string, letters: string): boolean {
  if (name[0] !== letters[0]) return false;
  let at = -1;
  for (const letter of letters.replace(/\s/g, "")) {
    at = name.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Those items of which a name fits what is wanted, the best first. Items that fit alike stay in their order. */
export function ranked<Item>(items: readonly Item[], wanted: string, names: (item: Item) => readonly string[], most = Infinity): Item[] {
  const asked = folded(wanted.trim());
  if (!asked) return items.slice(0, most);
  const fits = items.map((item) => ({ item, fit: Math.min(NO_FIT, ...names(item).map((name) => fitOf(folded(name), asked))) }));
  return fits
    .filter(({ fit }) => fit < NO_FIT)
    .sort((a, b) => a.fit - b.fit)
    .slice(0, most)
    .map(({ item }) => item);
}

/** The name that was probably meant by a mistyped one: at most two letters are wrong, missing or too many. */
export function closest(word: string, names: readonly string[]): string | undefined {
  const near = names.map((name) => ({ name, steps: distance(word, name) })).sort((a, b) => a.steps - b.steps)[0];
  return near && near.steps <= Math.min(2, word.length - 1) ? near.name : undefined;
}

/** How many letters must be changed, added or left out to get from one word to another. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++)
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + Number(letter !== other[j])));
    row = next;
  }
  return row[other.length] ?? 0;
}
