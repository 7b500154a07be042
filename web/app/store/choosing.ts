// Which of the files that somebody chose a message takes, what each is before it is uploaded, and what the message says about it. Pure.

import { newId, type wire } from "#sdk";
import { timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/embedded.ts";
import type { FileRow } from "../offline/db.ts";
import type { Attachment } from "./attachments.ts";

const MOST_OF_A_MESSAGE = 10;

/** The files that a message takes, which has some already, and why it doesn't take the others. */
export function choose(files: readonly File[], there: number, most: number | undefined): { taken: File[]; why: string } {
  const fitting = files.filter(({ size }) => most === undefined || size <= most);
  const taken = fitting.slice(0, Math.max(0, MOST_OF_A_MESSAGE - there));
  const large = files.find((each) => !fitting.includes(each));
  if (large) return { taken, why: t.fileTooLarge(large.name, large.size, most ?? 0) };
  return { taken, why: taken.length < fitting.length ? t.tooManyFiles(MOST_OF_A_MESSAGE) : "" };
}

/** Browsers call every picture in the clipboard the same. */
const isNameless = ({ name, type }: File): boolean => type.startsWith("image/") && /^image\.\w+$/.test(name);

/** A file under a name that tells it from others. */
const named = (file: File): File => {
  if (!isNameless(file)) return file;
  const when = timeOf(new Date(file.lastModified).toISOString()).replace(":", ".");
  return new File([file], `${t.pasted(when)}.${file.name.split(".").pop()}`, { type: file.type });
};

export const rowOf = (room: string, file: File, at: number): FileRow => {
  const content = named(file);
  const { name, type, size } = content;
  return { id: newId(), room, name: name || t.unnamedFile, type, size, at, content };
};

/** What a message says about the files that are posted with it. */
export function saidOf(files: readonly (Attachment | undefined)[]): Pick<wire.Post, "files" | "alts"> {
  const alts = files.flatMap((file) => (file?.key && file.alt ? [[file.key, file.alt] as const] : []));
  return { files: files.map((file) => file?.key ?? ""), ...(alts.length && { alts: Object.fromEntries(alts) }) };
}
