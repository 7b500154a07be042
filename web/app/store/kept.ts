// What this device keeps: it is shown before the server has answered, and the rooms go on from there.

import { signal } from "@preact/signals";
import type { Room, RoomView, wire } from "#sdk";
import { Device, MOST_OF_A_ROOM, type Trouble } from "../offline/db.ts";
import { whenIdle } from "../offline/idle.ts";
import { isMade, roomOf } from "./address.ts";
import { places } from "./state.ts";

const PAUSE = 1000; // milliseconds between two times that changes are kept
const PAUSE_EACH = 20; // for each message, if more were kept the last time: in a busy room most would go again at once

/** Whether this device can't keep anything, or nothing more. */
export const trouble = signal<Trouble>("none");

/** A room as it is kept. */
export interface Kept {
  epoch: string;
  view: RoomView;
  threads: ReadonlyMap<number, wire.ThreadInRoom>;
}

let device: Device | undefined;
let person = "";
let keepsRooms = true;
const changed = new Map<string, Set<number> | "all">();
let timer: number | undefined;
let pause = PAUSE;

export const deviceOf = (): Device | undefined => device;

/** Look what is kept of a person. A token is worth more than a chat, and only for its tab: then no messages are kept. */
export async function openDevice(who: string, hasToken: boolean): Promise<Device> {
  const before = device;
  device = ahead = undefined;
  before?.close();
  changed.clear();
  keepsRooms = !hasToken;
  person = who;
  const opened = await Device.open(who, (now) => {
    if (device === opened) trouble.value = now; // not of one that was left meanwhile
  });
  device = opened;
  trouble.value = opened.trouble;
  return opened;
}

/** Leave nothing of this person on this device. */
export async function forgetDevice(): Promise<void> {
  clearTimeout(timer);
  changed.clear();
  device?.close();
  device = ahead = undefined;
  await Device.forget(person);
}

/** How many messages are kept. */
export const kept = async (): Promise<number> => ((await device?.rooms()) ?? []).reduce((sum, { count }) => sum + count, 0);

/** Somebody has ended this session: what others have written is no longer for this device. */
export async function forgetRooms(): Promise<void> {
  changed.clear();
  ahead = undefined;
  await device?.forgetRooms();
}

let ahead: { name: string; kept: Promise<Kept | undefined> } | undefined;

/** Begin to read what is kept of a room: it is about to be opened. */
export function readAhead(name: string): void {
  ahead = { name, kept: read(name) };
}

/** A room as it was when it was kept. */
export function keptOf(name: string): Promise<Kept | undefined> {
  const kept = ahead?.name === name ? ahead.kept : undefined;
  if (kept) ahead = undefined; // it is good once
  return kept ?? read(name);
}

async function read(name: string): Promise<Kept | undefined> {
  const row = keepsRooms ? await device?.room(name) : undefined;
  if (!row) return undefined;
  const found = (await device?.messages<wire.Message>(row)) ?? [];
  const messages = new Map(found.map(({ seq, message }) => [seq, message]));
  const asOf = new Map(found.filter(({ as_of }) => as_of > row.seq).map(({ seq, as_of }) => [seq, as_of]));
  const { epoch, seq, more, pins } = row;
  const threads = (row.threads ?? new Map()) as Kept["threads"];
  return { epoch, threads, view: { messages, asOf, more, seq, pins: [...pins], state: undefined, state_seq: 0 } };
}

/** Keep what changed in a room, when there is time: these messages, or all. */
export function keep(name: string, seqs?: readonly number[]): void {
  if (!keepsRooms) return;
  const before = changed.get(name);
  if (!seqs || before === "all") changed.set(name, "all");
  else if (!before) changed.set(name, new Set(seqs));
  else for (const seq of seqs) before.add(seq);
  timer ??= setTimeout(() => whenIdle(flush), pause);
}

/** Keep no more of a room. */
export function drop(name: string): void {
  changed.delete(name);
  if (ahead?.name === name) ahead = undefined;
  device?.forgetRoom(name);
}

/** Keep nothing of rooms that people made and that are none of one's own any more. */
export async function dropOthers(isMine: (room: string) => boolean): Promise<void> {
  for (const { room } of (await device?.rooms()) ?? []) {
    if (isMade(room) && !isMine(roomOf(room))) drop(room);
  }
}

/** Keep now what waits for it, one after another: a later position says that all before it is kept. */
export function flush(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  flushed = flushed.then(keepChanged, keepChanged);
  return flushed;
}

let flushed = Promise.resolve();

async function keepChanged(): Promise<void> {
  let hasAll = false;
  pause = PAUSE;
  for (const name of [...changed.keys()]) {
    const seqs = changed.get(name);
    changed.delete(name); // only now: what changes meanwhile is not kept, and the position is that of now
    if (!seqs) continue; // it was dropped
    if (seqs !== "all") pause = Math.max(pause, PAUSE_EACH * Math.min(seqs.size, MOST_OF_A_ROOM));
    const { room, threads } = places.get(name) ?? {};
    if (room?.position.epoch && threads) await device?.keep(seenIn(room, threads.peek()), seqs === "all" ? undefined : seqs);
    hasAll ||= seqs === "all";
  }
  if (hasAll) await device?.trim();
}

const seenIn = ({ name, position, more, pins, bySeq }: Room, threads: Kept["threads"]) => ({
  room: name,
  ...position,
  more,
  pins,
  threads,
  bySeq,
});
