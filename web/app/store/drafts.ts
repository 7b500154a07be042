// What is being written, in each room. It is kept on this device.

import { effect, type Signal, signal, untracked } from "@preact/signals";
import { deviceOf } from "./kept.ts";

const PAUSE = 500; // milliseconds after the last key

let drafts = new Map<string, Signal<string>>();
const changed = new Set<string>();
let timer: number | undefined;
let tell = (_room: string): void => {};

/** Whenever a draft changes, wherever that happens, `listener` is told. */
export function hearDrafts(listener: (room: string) => void): void {
  tell = listener;
}

/** What is being written in a room. */
export function draftIn(room: string): Signal<string> {
  const found = drafts.get(room);
  if (found) return found;
  const draft = signal("");
  drafts.set(room, draft);
  watch(room, draft);
  return draft;
}

/** Begin with what this device keeps. */
export async function openDrafts(): Promise<void> {
  clearTimeout(timer);
  changed.clear();
  drafts = new Map();
  for (const [room, text] of Object.entries((await deviceOf()?.get<Record<string, string>>("drafts")) ?? {})) draftIn(room).value = text;
  changed.clear();
}

function watch(room: string, draft: Signal<string>): void {
  let before = draft.peek();
  effect(() => {
    if (draft.value === before) return;
    before = draft.value;
    if (room !== sent) keepSoon(room, draft.value);
    untracked(() => tell(room));
  });
}

function keepSoon(room: string, text: string): void {
  changed.add(room);
  clearTimeout(timer);
  timer = setTimeout(keepDrafts, text ? PAUSE : 0); // what was dropped must not come back
}

let sent = "";

/** What is being written in a room is sent: the field is empty, and this device keeps the draft until the outbox has it. */
export function letGo(room: string): void {
  sent = room;
  draftIn(room).value = "";
  sent = "";
  changed.delete(room);
}

/** Keep what has changed; other tabs have drafts of theirs. */
export async function keepDrafts(): Promise<void> {
  clearTimeout(timer);
  const rooms = [...changed];
  changed.clear();
  if (!rooms.length) return;
  const texts = Object.fromEntries(rooms.map((room) => [room, draftIn(room).peek()]));
  await deviceOf()?.swap<Record<string, string>>("drafts", (before) => written({ ...before, ...texts }));
}

const written = (drafts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(drafts).filter(([, text]) => text));
