// Markdown, as soon as it is loaded.

import { signal } from "@preact/signals";
import type { Tree } from "./parse.ts";

const MARKS = /[*_~`>[\\]|^[ \t]*(?:[-+]|\d+[.)])[ \t]/m;

const parser = signal<((text: string) => Tree[]) | undefined>(undefined);

export async function loadMarkdown(): Promise<void> {
  parser.value = (await import("./parse.ts")).parse;
}

/** A text as a tree; undefined if there is no mark in it, or no parser yet. */
export const treeOf = (text: string): Tree[] | undefined => (MARKS.test(text) ? parser.value?.(text) : undefined);
