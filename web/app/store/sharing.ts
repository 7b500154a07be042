// Drafts on all devices of an account: what was written last in a room goes to the others, and comes from them.

import type { Me } from "#sdk";
import { draftIn, hearDrafts } from "./drafts.ts";
import { keepShared, keptShared } from "./memory.ts";
import { accountOf } from "./state.ts";

const PAUSE = 1000; // milliseconds after the last key

/** Rooms whose drafts are to be told, and the timers for that. */
const waiting = new Map<string, number>();

const meOf = (): Me | undefined => accountOf()?.me;
const known = (): Record<string, string> => keptShared(accountOf()?.key ?? "");

/** A draft has changed: the other devices are told once somebody pauses, or at once if it was sent or dropped. */
function draftChanged(room: string): void {
  if (!accountOf() || draftIn(room).peek() === (known()[room] ?? "")) return;
  clearTimeout(waiting.get(room));
  waiting.set(
    room,
    setTimeout(() => tell(room), draftIn(room).peek() ? PAUSE : 0),
  );
}

hearDrafts(draftChanged);

/** A room is left, or the page hidden: what waits is told now. */
export function tellDrafts(): void {
  for (const room of [...waiting.keys()]) tell(room);
}

function tell(room: string): void {
  clearTimeout(waiting.get(room));
  const [me, text] = [meOf(), draftIn(room).peek()];
  if (!me) return; // it is told once the server has answered
  waiting.delete(room);
  if (text === (known()[room] ?? "")) return;
  keep({ ...known(), [room]: text });
  me.draft(room, text).catch(() => {}); // one that the server doesn't take stays on this device
}

let taken: Me | undefined;

/** Take the drafts of other devices once the account is there. */
export function takeDraftsOnce(): void {
  const me = meOf();
  if (!me || me === taken) return;
  taken = me;
  takeDrafts();
}

/** Take the drafts of other devices, where nothing was written here since it was last told. */
export async function takeDrafts(): Promise<void> {
  const [me, before] = [meOf(), known()];
  tellDrafts(); // the answer need not know of that
  const found = me && (await all(me).catch(() => undefined)); // without a connection, it is tried again when the page is seen again
  if (!found || me !== meOf()) return;
  for (const room of new Set([...Object.keys(known()), ...found.keys()]))
    if (known()[room] === before[room]) take(room, found.get(room) ?? ""); // or what was told meanwhile is newer
}

async function all(me: Me): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let after: string | undefined = ""; after !== undefined; ) {
    const { drafts, more } = await me.drafts({ after });
    for (const { where, text } of drafts) found.set(where, text);
    after = more ? drafts.at(-1)?.where : undefined;
  }
  return found;
}

function take(room: string, text: string): void {
  const before = known()[room] ?? "";
  const here = draftIn(room).peek();
  if (here !== before && here !== "") {
    draftChanged(room); // what is written here is newer
    return;
  }
  const { [room]: _, ...others } = known();
  keep(text ? { ...others, [room]: text } : others);
  draftIn(room).value = text;
}

const keep = (shared: Record<string, string>): void => keepShared(accountOf()?.key ?? "", shared);
