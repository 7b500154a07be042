// Code in colours, as soon as the highlighter is loaded. Until then, and if it is too long or its language unknown, it is plain.

import { signal } from "@preact/signals";

/** A part of code that looks alike: a text, or a look with its parts. */
export type Code = string | { look: string; children: Code[] };

const LONGEST = 10_000; // characters; more would hold up the page

// Whatever people call the languages that the highlighter knows: without one of these, it is not even loaded.
export const KNOWN: ReadonlySet<string> = new Set(
  (
    "bash sh zsh shell c h cpp cc h++ c++ hpp cs csharp c# css diff patch go golang ini toml java js jsx mjs cjs javascript json jsonc json5 " +
    "py python gyp rb ruby gemspec rs rust sql ts tsx typescript html xml xhtml svg rss atom plist yaml yml"
  ).split(" "),
);

const highlighter = signal<((code: string, language: string) => Code[] | undefined) | undefined>(undefined);
let isAsked = false;

async function load(): Promise<void> {
  isAsked = true;
  try {
    highlighter.value = (await import("./highlight.ts")).highlight;
  } catch {
    isAsked = false; // without a connection; it is tried again
  }
}

/** The parts of code in a language, as it is called behind the marks of its block. */
export function partsOf(code: string, called: string): Code[] {
  const name = called.trim().split(/\s/, 1)[0]?.toLowerCase() ?? "";
  if (code.length > LONGEST || !KNOWN.has(name)) return [code];
  if (!highlighter.value && !isAsked) load();
  return highlighter.value?.(code, name) ?? [code];
}
