// Where files come from: a picker, the clipboard, or what somebody drops.

import { t } from "../i18n/index.ts";
import { isMade } from "../store/address.ts";
import { attach, notTaken } from "../store/attachments.ts";
import { mostBytes } from "../store/files.ts";
import { attachedIn } from "../store/sending.ts";
import { accountOf, session } from "../store/state.ts";
import { harmless } from "../ui/text.ts";

/** Whether one can attach files in a room: they are for accounts, and for rooms with members. */
export const takesFiles = (room: string): boolean => session.value?.account !== undefined && isMade(room);

/** Attach files to what is being written in a room. */
export async function take(room: string, files: readonly File[]): Promise<void> {
  if (!files.length || !accountOf() || !isMade(room)) return;
  const most = await mostBytes(Math.max(...files.map(({ size }) => size)));
  await attach(room, files, attachedIn(room).length, most);
}

/** Whether something that is dragged has files. */
export const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;

/** Take what was dropped; folders can't be. */
export function drop(room: string, { dataTransfer }: DragEvent): void {
  const items = [...(dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
  const plain = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory);
  const files = plain.flatMap((item) => item.getAsFile() ?? []);
  take(room, files).then(() => {
    if (plain.length < items.length) notTaken.value = { room, why: t.noFolders };
  });
}

/** Why the last files for a room were not taken. */
export const whyNotTaken = (room: string): string => (notTaken.value?.room === room ? harmless(notTaken.value.why) : "");

export const forgetWhy = (room: string): void => {
  if (notTaken.peek()?.room === room) notTaken.value = undefined;
};
