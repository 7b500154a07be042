// What people are called: events hold the keys of accounts, which nobody wants to read.

import { signal } from "@preact/signals";
import type { ShownPerson, wire } from "#sdk";
import { t } from "../i18n/index.ts";
import { deviceOf } from "./kept.ts";
import { outbox } from "./outbox.ts";
import { session } from "./state.ts";
import { profileUnder } from "./underway.ts";

const MOST = 2000; // names of others that this device keeps

const authors = new Map<string, wire.Author>(); // whom messages named, for those to whom the directory tells nothing
const version = signal(0); // grows when one is called otherwise

export const isAccount = (by: string): boolean => by.startsWith("@p");

/** Know who wrote some messages. */
export function meetAuthors({ people: named }: { people?: Readonly<Record<string, wire.Author>> }): void {
  const met = Object.entries(named ?? {}).filter(([key, author]) => !isSame(authors.get(key), author));
  for (const [key, author] of met) authors.set(key, author);
  if (!met.length) return;
  version.value += 1;
  deviceOf()?.set("names", Object.fromEntries([...authors].slice(-MOST)));
}

const isSame = (known: wire.Author | undefined, { name, avatar }: wire.Author): boolean => known?.name === name && known.avatar === avatar;

const people = (): ReadonlyMap<string, ShownPerson> => session.value?.account?.know("person")?.people ?? new Map();

/** Whether the author's key tells nobody what they are called. */
export const isUnknown = (by: string): boolean => isAccount(by) && !people().has(by) && !authors.has(by);

/** What an author is called: an account by its display name, everybody else by the name itself. */
export function nameOf(by: string): string {
  if (!isAccount(by)) return by;
  const person = personOf(by);
  if (person?.status === "removed") return t.removedAccount;
  return person?.name ?? (version.value >= 0 ? authors.get(by)?.name : "") ?? t.someone;
}

/** Where the picture of an author is, if there is one. */
export function pictureOf(by: string): string | undefined {
  if (!isAccount(by)) return undefined;
  const avatar = personOf(by)?.avatar ?? (version.value >= 0 ? authors.get(by)?.avatar : "");
  return pictureAt(avatar);
}

/** Where a picture is, by its key. */
export const pictureAt = (avatar: string | undefined): string | undefined =>
  avatar ? `/api/v1/avatars/${encodeURIComponent(avatar)}` : undefined;

export function personOf(key: string): ShownPerson | undefined {
  const me = session.value?.account?.know("person");
  return me?.account === key ? profileUnder(me.person, outbox.value) : me?.people.get(key);
}

/** The accounts that can be spoken with, by display name. */
export function everyone(): [key: string, person: ShownPerson][] {
  return [...people()].filter(([, { status }]) => status === "active").sort(([, a], [, b]) => a.name.localeCompare(b.name));
}
