// The part of Markdown that messages know, as a tree. Loaded after the first view; until then, texts are shown as they were typed.

import MarkdownIt, { type Token } from "markdown-it";

export interface Element {
  tag: string;
  /** Of a link. */
  href: string | undefined;
  /** Of code: what its language is called. */
  language?: string;
  children: Tree[];
}

export type Tree = string | Element;

const SAFE = /^(https?:\/\/|mailto:)/i;

const parser = new MarkdownIt("zero", { breaks: true }).enable([
  ...["fence", "blockquote", "list"], // blocks
  ...["newline", "escape", "backticks", "strikethrough", "emphasis", "link"],
]);
parser.validateLink = (url) => SAFE.test(url);

const leaf = (tag: string, text: string): Element => ({ tag, href: undefined, children: [text] });

/** Put a token where one is: `open` are the elements that were begun and not ended, the innermost one last. */
function place(token: Token, open: Element[]): void {
  const inner = open.at(-1);
  if (!inner) return;
  if (token.type === "inline") for (const child of token.children ?? []) place(child, open);
  else if (token.nesting === 1) {
    const begun: Element = { tag: token.tag, href: token.attrGet("href")?.toString(), children: [] };
    if (token.hidden) return; // the paragraph of a tight list
    inner.children.push(begun);
    open.push(begun);
  } else if (token.nesting === -1) {
    if (!token.hidden) open.pop();
  } else if (token.type === "fence") inner.children.push({ ...leaf("pre", token.content.replace(/\n$/, "")), language: token.info });
  else if (token.type === "code_inline") inner.children.push(leaf("code", token.content));
  else if (token.type === "softbreak" || token.type === "hardbreak") inner.children.push("\n");
  else inner.children.push(token.content);
}

export function parse(text: string): Tree[] {
  const root: Element = { tag: "", href: undefined, children: [] };
  const open = [root];
  for (const token of parser.parse(text, {})) place(token, open);
  return root.children;
}
