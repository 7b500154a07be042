// What was written or changed and is not yet in the log, of all tabs, in order: messages, and all else that needs no answer. One tab sends it.

import { batch, effect, signal } from "@preact/signals";
import { type Client, Closed, newId, Refused, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import type { Waiting } from "../offline/db.ts";
import { joinTabs, type Tabs, type Told } from "../offline/leader.ts";
import { attachmentOf, changeAttachment, hearAttachments, hearFile, letGoOf, openAttachments } from "./attachments.ts";
import { saidOf } from "./choosing.ts";
import { isOwn, ME, slotOf, type Waits } from "./commands.ts";
import { takeFormer } from "./former.ts";
import { call } from "./http.ts";
import { deviceOf } from "./kept.ts";
import { say } from "./screen.ts";
import { accountOf, clientOf, connection, places } from "./state.ts";
import { leaveUploads, takeOver, upload } from "./uploading.ts";

const MOST = 1000;

/** A change that waits; with `seq`, it is stored, and its log has not yet come so far. */
export type Pending = Waiting & { seq?: number };

/** A command as it waits. */
export type Command = { do: Waits; [field: string]: unknown };

/** What waits, the oldest first. */
export const outbox = signal<readonly Pending[]>([]);

/** How many changes wait that somebody would miss. */
export const unsent = (): number => outbox.value.filter(({ command, seq }) => command.do !== "read" && seq === undefined).length;

let tabs: Tabs | undefined;
const endings = new Map<string, (why: string | undefined) => void>(); // who in this tab waits for how a change ends
const handed = new Set<string>(); // what the client was given to send

/** Look what waits from before, and send it if this tab is the one that does. */
export async function openOutbox(person: string, heard: (told: Told) => void): Promise<void> {
  leaveTabs();
  const device = deviceOf();
  if (!device) return;
  await takeFormer(person, device);
  [outbox.value] = await Promise.all([device.outbox(), openAttachments()]);
  const hear = (told: Told) => (told.kind === "outbox" ? hearOutbox(told) : told.kind === "file" ? hearFile(told) : heard(told));
  tabs = joinTabs(person, device, lead, hear);
}

/** Let another tab send. */
export function leaveTabs(): void {
  tabs?.leave();
  tabs = undefined;
  handed.clear();
  leaveUploads();
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

interface PutOptions {
  /** The room whose draft it was. */
  draft?: string;
  id?: string;
  attached?: readonly string[];
}

/**
 * Write a change down, and send it when it is its turn and its files are uploaded: in place of the `draft` of a room, and of an earlier
 * change of the same. Rejects if it can't even wait.
 */
export async function put(room: string, command: Command, { draft = "", id = newId(), attached }: PutOptions = {}): Promise<void> {
  if (outbox.peek().length >= MOST) throw new Error(t.outboxFull(MOST));
  const added: Waiting = { client_message_id: id, room, command, at: Date.now(), ...(attached && { attached }) };
  await deviceOf()?.add([added], draft);
  const slot = slotOf(command);
  for (const each of slot ? outbox.peek() : [])
    if (each.room === room && each.seq === undefined && slotOf(each.command) === slot) discard(each.client_message_id);
  tell({ kind: "outbox", added });
  add(added);
}

/** Change something that is no message. Resolves when that is done or, without a connection, when it waits for one. Rejects if it is refused. */
export async function change(room: string, command: Command): Promise<void> {
  const id = newId();
  const ended = new Promise<string | undefined>((end) => endings.set(id, end));
  try {
    await put(room, command, { id });
  } catch (error) {
    end(id);
    throw error;
  }
  if (connection.peek().state !== "connected") end(id);
  const why = await ended;
  if (why !== undefined) throw new Error(why);
}

/** Tell whoever waits for a change how it ended. Returns whether anybody did. */
function end(id: string, why?: string): boolean {
  const told = endings.get(id);
  endings.delete(id);
  told?.(why);
  return told !== undefined;
}

effect(() => {
  if (connection.value.state !== "connected") for (const id of [...endings.keys()]) end(id); // it goes on waiting, but nobody has to
});

/** Try again what was refused. */
export function retry(id: string): void {
  for (const file of attachedTo(id)) changeAttachment(file, { state: "waiting", why: undefined }); // what has expired is uploaded anew
  deviceOf()?.settle(id, { failed: undefined });
  const told = { kind: "outbox", id, failed: undefined } as const;
  tell(told);
  hearOutbox(told);
}

/** Never send it, or not again; if it was sent, it may have been stored. `why` it was refused, if it was. */
export function discard(id: string, why?: string): void {
  deviceOf()?.settle(id);
  const told = { kind: "outbox", id, dropped: true, why } as const;
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
  else if (told.dropped) {
    end(told.id, told.why);
    remove(told.id);
  } else if (told.stored !== undefined) stored(told.id, told.stored);
  else {
    alter(told.id, { failed: told.failed });
    send();
  }
}

function alter(id: string, changed: Partial<Pending>): void {
  outbox.value = outbox.peek().map((each) => (each.client_message_id === id ? { ...each, ...changed } : each));
}

function remove(id: string): void {
  if (handed.delete(id)) clientOf()?.outbox.discard(id);
  dropAll((each) => each.client_message_id === id);
}

/** Let go of changes, and of the files that were to be posted with them. */
function dropAll(isOver: (each: Pending) => boolean): void {
  const over = outbox.peek().filter(isOver);
  if (!over.length) return;
  batch(() => {
    outbox.value = outbox.peek().filter((each) => !isOver(each));
    letGoOf(over.flatMap(({ attached }) => attached ?? []));
  });
}

/** The files that a change is to be sent with. */
const attachedTo = (id: string): readonly string[] =>
  outbox.peek().find(({ client_message_id }) => client_message_id === id)?.attached ?? [];

/** Whether all files that it shows are uploaded. */
const isWhole = ({ attached = [] }: Waiting): boolean => attached.every((id) => attachmentOf(id)?.state === "whole");

/** Whether this device has let go of one. */
const isLost = ({ attached = [] }: Waiting): boolean => attached.some((id) => !attachmentOf(id));

/** A file of a message that waits can't be uploaded: neither can the message be sent, then. */
function fileChanged(file: string): void {
  if (!tabs?.isLeader) return;
  const { state, why } = attachmentOf(file) ?? {};
  const of = outbox.peek().find(({ attached }) => attached?.includes(file));
  if (of && state === "failed" && of.failed === undefined) fail(of.client_message_id, why ?? "");
  upload();
  send();
}

hearAttachments((told) => tell(told), fileChanged);

/** This tab sends from now on: also what others have left. */
async function lead(): Promise<void> {
  const kept = (await deviceOf()?.outbox()) ?? [];
  const ids = new Set(kept.map(({ client_message_id }) => client_message_id));
  outbox.value = [...kept, ...outbox.peek().filter(({ client_message_id }) => !ids.has(client_message_id))];
  takeOver();
  send();
}

function send(): void {
  if (!tabs?.isLeader) return;
  const uploading = new Set<string>(); // rooms: what has no files goes ahead there
  for (const each of outbox.peek()) {
    const { client_message_id, room, attached, failed, seq } = each;
    if (failed !== undefined || seq !== undefined || handed.has(client_message_id)) continue;
    if (isLost(each)) {
      fail(client_message_id, t.fileNotKept);
      continue;
    }
    if (!isWhole(each)) uploading.add(room);
    if (attached && uploading.has(room)) continue;
    handed.add(client_message_id);
    deliver(each);
  }
}

async function deliver({ client_message_id: id, room, command, attached }: Waiting): Promise<void> {
  const client = clientOf();
  const told = { kind: "outbox", id } as const;
  const files = attached && saidOf(attached.map(attachmentOf));
  if (!client) return;
  try {
    const ok =
      command.do === "profile"
        ? await patch(client, command)
        : await client.outbox.post({ ...command, ...files, room, client_message_id: id });
    if (isOwn(command.do)) client.outbox.discard(id); // it would wait there for its room to come as far as another log
    if (client !== clientOf()) return;
    await deviceOf()?.settle(id);
    tell({ ...told, stored: ok.seq ?? 0 });
    stored(id, ok.seq ?? 0);
  } catch (error) {
    if (error instanceof Refused && client === clientOf()) refused(id, command.do, error);
  }
}

/** Change one's profile, for which there is no command, whenever there is a connection. */
async function patch(client: Client, { do: _, ...fields }: Waiting["command"]): Promise<{ seq?: number }> {
  for await (const { state } of client.statuses()) {
    if (state !== "connected") continue;
    try {
      await call("PATCH", "/me", fields);
      return {};
    } catch (error) {
      if (error instanceof Refused && !error.temporary && error.code !== "unauthenticated") throw error; // it waits for its account
    }
  }
  throw new Closed("");
}

/** The server wants no such change. What was written stays, so that it can be changed; anything else is dropped. */
function refused(id: string, command: string, error: Refused): void {
  handed.delete(id);
  clientOf()?.outbox.discard(id);
  const why = error.code === "too_large" ? t.tooLong : error.message;
  if (command === "post") fail(id, why);
  else {
    const isAwaited = endings.has(id);
    discard(id, why);
    if (!isAwaited && command !== "read") say(t.notChanged(why)); // nobody asked for a marker
  }
}

function fail(id: string, why: string): void {
  deviceOf()?.settle(id, { failed: why });
  tell({ kind: "outbox", id, failed: why });
  alter(id, { failed: why });
}

/** It is in the log; it is shown as waiting until its room has come so far. */
function stored(id: string, seq: number): void {
  handed.delete(id);
  end(id);
  const entry = outbox.peek().find(({ client_message_id }) => client_message_id === id);
  const position = entry && !isOwn(entry.command.do) ? places.get(entry.room)?.room?.position.seq : accountOf()?.me?.seq;
  if ((position ?? Infinity) >= seq) remove(id);
  else alter(id, { seq });
}

const logOf = ({ room, command }: Pending): string => (isOwn(command.do) ? ME : room);

/** A log has come so far: what is in it need not be shown twice. */
export function reached(log: string, seq: number, ids: ReadonlySet<string> = new Set()): void {
  const isThere = (each: Pending) =>
    logOf(each) === log && ((each.seq !== undefined && each.seq <= seq) || ids.has(each.client_message_id));
  dropAll(isThere);
}

export const idsIn = (messages: Iterable<wire.Message>): Set<string> =>
  new Set([...messages].flatMap(({ client_message_id }) => client_message_id ?? []));
