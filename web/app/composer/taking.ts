// Where files come from: a picker, the clipboard, or what somebody drops.

import { timeOf } from "../i18n/dates.ts";
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
  const most = await mostBytes();
  await attach(
    room,
    files.map((file) => (isNameless(file) ? named(file) : file)),
    attachedIn(room).length,
    most,
  );
}

/** Browsers call every picture in the clipboard the same. */
const isNameless = ({ name, type }: File): boolean => type.startsWith("image/") && /^image\.\w+$/.test(name);

const named = (file: File): File => {
  const when = timeOf(new Date(file.lastModified).toISOString()).replace(":", ".");
  return new File([file], `${t.pasted(when)}.${file.name.split(".").pop()}`, { type: file.type });
};

/** The files in the clipboard, unless they only show what stands beside them as text, as spreadsheets do. */
export function pasted(data: DataTransfer | null): File[] {
  const types = data?.types ?? [];
  return types.includes("text/plain") && types.includes("text/html") ? [] : [...(data?.files ?? [])];
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
