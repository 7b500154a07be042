// Where a text mentions someone. Whether it does, the server has found out.

import type { wire } from "#sdk";

/** What may stand before a mention, or the alias of a room: spaces, opening marks, and Chinese, Japanese or Korean writing. */
export const BEFORE = "\\s(\\[{<\"'“‘«‹¿¡*_~\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u{20000}-\u{3ffff}";
// What somebody says to be a handle becomes part of a pattern, so it is looked at.
const HANDLE = /^[a-z0-9._-]+$/;

/** Whether a message mentions an account, by its handle or as one of all. */
export const mentionsMe = ({ mentions = {}, calls = [] }: Pick<wire.Message, "mentions" | "calls">, account: string): boolean =>
  account !== "" &&
  (Object.values(mentions).includes(account) || calls.includes(account) || (account.startsWith("@") && calls.includes("*")));

/** Split a text at the places that mention an account: each second part is a mention. */
export function splitAtMentions(
  text: string,
  { mentions = {}, calls = [] }: Pick<wire.Message, "mentions" | "calls">,
  account: string,
): string[] {
  const isCalled = calls.includes("*") || calls.includes(account);
  const handles = new Map([...Object.entries(mentions), ...(isCalled ? [["room", account] as const, ["here", account] as const] : [])]);
  if (![...handles.values()].includes(account)) return [text];
  const longestFirst = [...handles.keys()]
    .filter((handle) => HANDLE.test(handle))
    .sort((a, b) => b.length - a.length)
    .map((handle) => handle.replaceAll(".", "\\."));
  const places = new RegExp(`(?<=^|[${BEFORE}])@(${longestFirst.join("|")})(?![A-Za-z0-9@])`, "gimu");
  const parts = [];
  let done = 0;
  for (const { 0: found, 1: handle = "", index } of text.matchAll(places)) {
    if (handles.get(handle.toLowerCase()) !== account) continue;
    parts.push(text.slice(done, index), found);
    done = index + found.length;
  }
  return [...parts, text.slice(done)];
}
