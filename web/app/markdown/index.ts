// Markdown, as soon as it is loaded.

import { signal } from "@preact/signals";
import type { Tree } from "./parse.ts";

const MARKS = /[*_~`>[\\]|^[ \t]*(?:[-+]|\d+[.)])[ \t]/m;

const parser = signal<((text: string) => Tree[]) | undefined>(undefined);

let isLoading = false;

/** Load the parser: when there is time for that, or when a text needs it. */
export async function loadMarkdown(): Promise<void> {
  if (isLoading) return;
  isLoading = true;
  try {
    parser.value = (await import("./parse.ts")).parse;
  } catch {
    isLoading = false; // without a connection it stays as it was written, until the next text needs it
  }
}

/** A text as a tree; undefined if there is no mark in it, or no parser yet. */
export function treeOf(text: string): Tree[] | undefined {
  if (!MARKS.test(text)) return undefined;
  if (!parser.value) loadMarkdown();
  return parser.value?.(text);
}

const flat = (trees: readonly Tree[], between = ""): string =>
  trees.map((tree) => (typeof tree === "string" ? tree : flat(tree.children))).join(between);

/** A text in a line, without its marks: what a quote says. */
export const plainOf = (text: string): string => {
  const tree = treeOf(text);
  return tree ? flat(tree, " ") : text;
};
