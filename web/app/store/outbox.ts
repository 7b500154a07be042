// What was written and is not yet in the log, of all tabs, in order: posts, edits, deletions and reactions. One tab sends them.

import { batch, signal } from "@preact/signals";
import { newId, Refused, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import type { Waiting } from "../offline/db.ts";
import { joinTabs, type Tabs, type Told } from "../offline/leader.ts";
import { takeFormer } from "./former.ts";
import { deviceOf } from "./kept.ts";
import { say } from "./screen.ts";
import { clientOf, places } from "./state.ts";

const MOST = 1000;

/** A change that waits; with `seq`, it is stored, and its room has not yet come so far. */
export type Pending = Waiting & { seq?: number };

/** What waits, the oldest first. */
export const outbox = signal<readonly Pending[]>([]);

let tabs: Tabs | undefined;
const handed = new Set<string>(); // what the client was given to send

/** Look what waits from before, and send it if this tab is the one that does. */
export async function openOutbox(person: string, heard: (told: Told) => void): Promise<void> {
  leaveTabs();
  const device = deviceOf();
  if (!device) return;
  await takeFormer(person, device);
  outbox.value = await device.outbox();
  const hear = (told: Told) => (told.kind === "outbox" ? hearOutbox(told) : heard(told));
  tabs = joinTabs(person, device, lead, hear);
}

/** Let another tab send. */
export function leaveTabs(): void {
  tabs?.leave();
  tabs = undefined;
  handed.clear();
}

/** Whether this tab is the one that sends and notifies. */
export const isLeader = (): boolean => tabs?.isLeader ?? false;

export const tell = (told: Told): void => tabs?.tell(told);

/** Somebody looks at a room: it is unread no longer, in any tab. */
export function seeRoom(room: string): void {
  const place = places.get(room);
  if (!place?.unread.peek()) return;
  place.unread.value = 0;
  tell({ kind: "read", room });
}

/** Write a change down, and send it when it is its turn: in place of the `draft` of a room. Rejects if it can't even wait. */
export async function put(room: string, command: Waiting["command"], draft?: string): Promise<void> {
  if (outbox.peek().length >= MOST) throw new Error(t.outboxFull(MOST));
  const added: Waiting = { client_message_id: newId(), room, command, at: Date.now() };
  await deviceOf()?.add([added], draft);
  tell({ kind: "outbox", added });
  add(added);
}

/** Try again what was refused. */
export function retry(id: string): void {
  deviceOf()?.settle(id, { failed: undefined });
  const told = { kind: "outbox", id, failed: undefined } as const;
  tell(told);
  hearOutbox(told);
}

/** Never send it, or not again; if it was sent, it may have been stored. */
export function discard(id: string): void {
  deviceOf()?.settle(id);
  const told = { kind: "outbox", id, dropped: true } as const;
  tell(told);
  hearOutbox(told);
}

function add(...added: Waiting[]): void {
  const known = new Set(outbox.peek().map(({ client_message_id }) => client_message_id));
  outbox.value = [...outbox.peek(), ...added.filter(({ client_message_id }) => !known.has(client_message_id))];
  send();
}

function hearOutbox(told: Told & { kind: "outbox" }): void {
  if ("added" in told) add(told.added);
  else if (told.dropped) remove(told.id);
  else if (told.stored !== undefined) stored(told.id, told.stored);
  else {
    change(told.id, { failed: told.failed });
    send();
  }
}

function change(id: string, changed: Partial<Pending>): void {
  outbox.value = outbox.peek().map((each) => (each.client_message_id === id ? { ...each, ...changed } : each));
}

function remove(id: string): void {
  if (handed.delete(id)) clientOf()?.outbox.discard(id);
  outbox.value = outbox.peek().filter(({ client_message_id }) => client_message_id !== id);
}

/** This tab sends from now on: also what others have left. */
async function lead(): Promise<void> {
  const kept = (await deviceOf()?.outbox()) ?? [];
  const ids = new Set(kept.map(({ client_message_id }) => client_message_id));
  outbox.value = [...kept, ...outbox.peek().filter(({ client_message_id }) => !ids.has(client_message_id))];
  send();
}

function send(): void {
  if (!tabs?.isLeader) return;
  for (const each of outbox.peek()) {
    const { client_message_id, failed, seq } = each;
    if (failed !== undefined || seq !== undefined || handed.has(client_message_id)) continue;
    handed.add(client_message_id);
    deliver(each);
  }
}

async function deliver({ client_message_id: id, room, command }: Waiting): Promise<void> {
  const client = clientOf();
  const told = { kind: "outbox", id } as const;
  try {
    const ok = await client?.outbox.post({ ...command, room, client_message_id: id });
    if (!ok || client !== clientOf()) return;
    await deviceOf()?.settle(id);
    tell({ ...told, stored: ok.seq ?? 0 });
    stored(id, ok.seq ?? 0);
  } catch (error) {
    if (error instanceof Refused && client === clientOf()) refused(id, command.do, error);
  }
}

/** The server wants no such change. What was written stays, so that it can be changed; anything else is dropped. */
function refused(id: string, command: string, error: Refused): void {
  handed.delete(id);
  clientOf()?.outbox.discard(id);
  const why = error.code === "too_large" ? t.tooLong : error.message;
  if (command === "post") {
    deviceOf()?.settle(id, { failed: why });
    tell({ kind: "outbox", id, failed: why });
    change(id, { failed: why });
  } else {
    discard(id);
    say(t.notChanged(why));
  }
}

/** It is in the log; it is shown as waiting until its room has come so far. */
function stored(id: string, seq: number): void {
  handed.delete(id);
  const { room = "" } = outbox.peek().find(({ client_message_id }) => client_message_id === id) ?? {};
  const position = places.get(room)?.room?.position.seq ?? Infinity;
  if (position >= seq) remove(id);
  else change(id, { seq });
}

/** A room has come so far: what is in its log need not be shown twice. */
export function reached(room: string, seq: number, ids: ReadonlySet<string>): void {
  const isThere = (each: Pending) => each.room === room && ((each.seq !== undefined && each.seq <= seq) || ids.has(each.client_message_id));
  if (outbox.peek().some(isThere)) batch(() => (outbox.value = outbox.peek().filter((each) => !isThere(each))));
}

export const idsIn = (messages: Iterable<wire.Message>): Set<string> =>
  new Set([...messages].flatMap(({ client_message_id }) => client_message_id ?? []));
