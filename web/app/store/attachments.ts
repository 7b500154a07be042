// Files that are to be posted, of all tabs: those of messages that wait, and of what is being written. One tab uploads them.

import { batch, signal } from "@preact/signals";
import type { FileRow } from "../offline/db.ts";
import type { Told } from "../offline/leader.ts";
import { choose, rowOf } from "./choosing.ts";
import { deviceOf } from "./kept.ts";

/** `waiting`: for its turn. `why` it failed, or what it waits for. */
export interface Attachment extends Omit<FileRow, "content" | "isWhole" | "isPaused"> {
  state: "waiting" | "sending" | "paused" | "failed" | "whole";
  /** How many bytes the server has. */
  sent: number;
  why?: string | undefined;
  /** Whether this device keeps what is in it until it is sent. */
  isKept: boolean;
}

export const attachments = signal<readonly Attachment[]>([]);

/** Why the last files for a room were not taken. */
export const notTaken = signal<{ room: string; why: string } | undefined>(undefined);

const contents = new Map<string, Blob>();
let tell = (_told: Told): void => {};
let changedHere = (_id: string): void => {};

/** What a file has in it, as long as that is known here. */
export const contentOf = (id: string): Blob | undefined => contents.get(id);

export const attachmentOf = (id: string): Attachment | undefined => attachments.peek().find((each) => each.id === id);

/** `teller` tells other tabs, and `listener` hears whenever something about a file has changed. */
export function hearAttachments(teller: typeof tell, listener: typeof changedHere): void {
  tell = teller;
  changedHere = listener;
}

/** Begin with what this device keeps. */
export async function openAttachments(): Promise<void> {
  const rows = (await deviceOf()?.files()) ?? [];
  contents.clear();
  for (const { id, content } of rows) if (content) contents.set(id, content);
  attachments.value = rows.sort((a, b) => a.at - b.at).map((row) => shownOf(row, row.content !== undefined));
}

function shownOf({ content: _, isWhole, isPaused, ...row }: FileRow, isKept: boolean): Attachment {
  return { ...row, isKept, sent: isWhole ? row.size : 0, state: isWhole ? "whole" : isPaused ? "paused" : "waiting" };
}

/** Attach files to what is being written in a room, where there are some already. */
export async function attach(room: string, files: readonly File[], there: number, most: number | undefined): Promise<void> {
  const { taken, why } = choose(files, there, most);
  notTaken.value = why ? { room, why } : undefined;
  await Promise.all(taken.map((file, i) => add(room, file, Date.now() + i / 100)));
}

async function add(room: string, file: File, at: number): Promise<void> {
  const added = rowOf(room, file, at);
  take(added, true);
  tell({ kind: "file", added });
  const isKept = (await deviceOf()?.keepFile(added)) ?? false;
  if (!isKept) changeAttachment(added.id, { isKept });
}

function take(row: FileRow, isKept: boolean): void {
  if (attachmentOf(row.id)) return;
  if (row.content) contents.set(row.id, row.content);
  attachments.value = [...attachments.peek(), shownOf(row, isKept)];
  changedHere(row.id);
}

/** Change what is known of a file, in all tabs. */
export function changeAttachment(id: string, changed: Partial<Attachment>): void {
  if (!attachmentOf(id)) return;
  tell({ kind: "file", id, changed });
  const { key, state, alt } = changed;
  const isPaused = state === "paused";
  if (key || state || alt !== undefined)
    deviceOf()?.changeFile(id, {
      ...(key && { key }),
      ...(state && { isWhole: state === "whole", isPaused }),
      ...(alt !== undefined && { alt }),
    });
  apply(id, changed);
}

/** Post a file no more. */
export function detach(id: string): void {
  tell({ kind: "file", id, changed: undefined });
  deviceOf()?.changeFile(id);
  apply(id, undefined);
}

/** Files that were posted, or whose message was discarded, are none of this page's any more. */
export function letGoOf(ids: readonly string[]): void {
  for (const id of ids) apply(id, undefined);
}

function apply(id: string, changed: Partial<Attachment> | undefined): void {
  batch(() => {
    const all = attachments.peek();
    attachments.value = changed
      ? all.map((each) => (each.id === id ? { ...each, ...changed } : each))
      : all.filter((each) => each.id !== id);
    if (!changed) contents.delete(id);
    changedHere(id);
  });
}

/** Another tab has done something to a file. */
export function hearFile(told: Told & { kind: "file" }): void {
  if ("added" in told) take(told.added, true);
  else apply(told.id, told.changed as Partial<Attachment> | undefined);
}
