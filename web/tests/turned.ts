// The catalogue of a language that runs from right to left, for tests: English with a Hebrew letter before and after each text.

import { en } from "../app/i18n/en.ts";

export type Catalogue = typeof en;

function turned(value: unknown): unknown {
  if (typeof value === "string") return value && `א ${value} ת`;
  if (typeof value === "function") return (...given: unknown[]) => turned(value(...given));
  if (Array.isArray(value)) return value.map(turned);
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, turned(each)]));
}

export const t: Catalogue = { ...(turned(en) as Catalogue), language: "he", direction: "rtl" };
