// Drafts on all devices of an account: what was written last in a room goes to the others, and comes from them.

import type { DraftUpdated, Me } from "#sdk";
import { draftIn, hearDrafts } from "./drafts.ts";
import { keepShared, keptShared } from "./memory.ts";
import { accountOf } from "./state.ts";

const PAUSE = 1000; // milliseconds after the last key

/** Rooms whose drafts are to be told, and the timers for that. */
const waiting = new Map<string, number>();

const meOf = (): Me | undefined => accountOf()?.me;

/** What was told of the drafts last, by this tab or to it: the other devices have these texts, by room. Other tabs know their own. */
let shared: Record<string, string> = {};
let owner: string | undefined;
/** The numbers of the events that told them. */
const numbers = new Map<string, number>();
/** How many texts are on their way, by room; and what comes meanwhile, which may be this tab's own, or older. */
const telling = new Map<string, number>();
const underWay = new Set<Promise<void>>();
const heard = new Map<string, DraftUpdated>();

/** The texts that the other devices have. */
function known(): Record<string, string> {
  const account = accountOf()?.key ?? "";
  if (account === owner) return shared;
  owner = account;
  shared = keptShared(account);
  for (const each of [numbers, telling, heard]) each.clear();
  return shared;
}

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
  telling.set(room, (telling.get(room) ?? 0) + 1);
  const told = me
    .draft(room, text)
    .then((done) => done && numbers.set(room, done.seq))
    .catch(() => {}) // one that the server doesn't take stays on this device
    .then(() => {
      underWay.delete(told);
      hasTold(room);
    });
  underWay.add(told);
}

function hasTold(room: string): void {
  const left = (telling.get(room) ?? 1) - 1;
  telling.set(room, left);
  const draft = heard.get(room);
  if (left || !draft) return;
  heard.delete(room);
  hearDraft(draft);
}

/** Another device has told a draft, or this one has: then it is known already. */
export function hearDraft(draft: DraftUpdated): void {
  const { where: room, text, seq } = draft;
  known();
  if (telling.get(room)) heard.set(room, draft);
  else if (seq > (numbers.get(room) ?? 0)) {
    numbers.set(room, seq);
    take(room, text);
  }
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
  tellDrafts();
  while (underWay.size) await Promise.all(underWay); // or the answer need not know of that
  const [me, before, asOf] = [meOf(), known(), new Map(numbers)];
  const found = me && (await all(me).catch(() => undefined)); // without a connection, it is tried again when the page is seen again
  if (!found || me !== meOf()) return;
  for (const room of new Set([...Object.keys(known()), ...found.keys()])) {
    if (known()[room] !== before[room] || numbers.get(room) !== asOf.get(room)) continue; // what was told meanwhile is newer
    const { text = "", seq = 0 } = found.get(room) ?? {};
    numbers.set(room, seq);
    take(room, text);
  }
}

async function all(me: Me): Promise<Map<string, { text: string; seq: number }>> {
  const found = new Map<string, { text: string; seq: number }>();
  for (let after: string | undefined = ""; after !== undefined; ) {
    const { drafts, more } = await me.drafts({ after });
    for (const draft of drafts) found.set(draft.where, draft);
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

function keep(drafts: Record<string, string>): void {
  known();
  shared = drafts;
  keepShared(owner ?? "", drafts);
}
