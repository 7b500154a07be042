// A catalogue for tests: English with marks around each text, which show that it is from the catalogue. They are invisible; with "turned" in
// localStorage, they are Hebrew letters, and the language runs from right to left.

import { en } from "../app/i18n/en.ts";

export type Catalogue = typeof en;

const isTurned = localStorage.getItem("turned") !== null;
const [BEGIN, END] = isTurned ? ["א ", " ת"] : ["\u00ad", "\u200b"]; // a soft hyphen at the end would make room for a hyphen

export function turned<Texts>(value: Texts): Texts;
export function turned(value: unknown): unknown {
  if (typeof value === "string") return value && `${BEGIN}${value}${END}`;
  if (typeof value === "function") return (...given: unknown[]) => turned(value(...given));
  if (Array.isArray(value)) return value.map(turned);
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, turned(each)]));
}

export const t: Catalogue = {
  ...turned(en),
  language: (isTurned ? "he" : en.language) as Catalogue["language"],
  direction: (isTurned ? "rtl" : en.direction) as Catalogue["direction"],
};
