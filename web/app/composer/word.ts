// What is being written where the cursor is: a word that names someone or something, and can be completed.

export type Kind = "person" | "room" | "emoji" | "command";

export interface Word {
  kind: Kind;
  /** What has been typed of the name, without the sign before it. */
  typed: string;
  /** Where it begins, with its sign, and where it ends. */
  from: number;
  to: number;
}

// A sign begins a name only where a word may begin, so that neither mail addresses nor times of day are taken for one.
const BEFORE = /(?:^|[\s([{<"'“‘«¡¿*_~/\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af])$/u;
const SIGNS: Record<string, { kind: Kind; name: RegExp; least: number }> = {
  "@": { kind: "person", name: /^[\p{L}\p{N}._-]*$/u, least: 0 },
  "#": { kind: "room", name: /^[\p{L}\p{N}._-]*$/u, least: 0 },
  ":": { kind: "emoji", name: /^[a-z0-9_+-]*$/i, least: 2 },
};
const LONGEST = 80; // characters, with the sign

/** The word before the cursor, if it is one that can be completed. What stands behind the cursor belongs to it up to the next space. */
export function wordAt(text: string, at: number): Word | undefined {
  const command = /^\/([a-z]*)$/i.exec(text.slice(0, at));
  if (command) return { kind: "command", typed: command[1] ?? "", from: 0, to: endOf(text, at) };
  const before = text.slice(Math.max(0, at - LONGEST), at);
  const start = Math.max(...Object.keys(SIGNS).map((sign) => before.lastIndexOf(sign)));
  const sign = SIGNS[before[start] ?? ""];
  if (!sign) return undefined;
  const typed = before.slice(start + 1);
  const from = at - before.length + start;
  if (!sign.name.test(typed) || typed.length < sign.least || !BEFORE.test(text.slice(0, from))) return undefined;
  return { kind: sign.kind, typed, from, to: endOf(text, at) };
}

const SPELLED = /:([a-z0-9_+-]{2,30}):$/i;

/** The emoji name that was just completed before the cursor, with both colons. Names in code are left alone. */
export function spelledAt(text: string, at: number): Word | undefined {
  const before = text.slice(0, at);
  const [spelled = "", typed = ""] = SPELLED.exec(before) ?? [];
  const from = at - spelled.length;
  const isInCode = before.split("`").length % 2 === 0;
  return typed && !isInCode && BEFORE.test(text.slice(0, from)) ? { kind: "emoji", typed, from, to: at } : undefined;
}

/** Replace the emoji name that was just completed with its emoji, once that is found, unless the text has changed by then. */
export async function spell(field: HTMLTextAreaElement, find: (name: string) => Promise<string | undefined>, put: (text: string) => void) {
  const { value, selectionStart } = field;
  const word = spelledAt(value, selectionStart);
  const emoji = word && (await find(word.typed.toLowerCase()));
  if (!emoji || field.value !== value) return;
  field.value = value.slice(0, word.from) + emoji + value.slice(word.to);
  field.setSelectionRange(word.from + emoji.length, word.from + emoji.length);
  put(field.value);
}

const endOf = (text: string, at: number): number => at + (/^[\p{L}\p{N}_-]*/u.exec(text.slice(at))?.[0].length ?? 0);

/** A text with a word replaced, and a space behind it; and where the cursor is then. */
export function completed(text: string, { from, to }: Word, by: string): { text: string; at: number } {
  const rest = text.slice(to);
  const gap = /^\s/.test(rest) ? "" : " ";
  return { text: text.slice(0, from) + by + gap + rest, at: from + by.length + 1 };
}
