// What people are called: events hold the keys of accounts, which nobody wants to read.

import { signal } from "@preact/signals";
import type { wire } from "#sdk";
import { t } from "../i18n/index.ts";

const people = new Map<string, wire.ShownPerson>();
const authors = new Map<string, wire.Author>(); // whom messages named, for those to whom the directory tells nothing
const version = signal(0); // grows when somebody is called otherwise, or is another's

const REMOVED: wire.ShownPerson = { handle: "", name: t.removedAccount, status: "removed" };

export const isAccount = (by: string): boolean => by.startsWith("@p");

/** Know these people, and no others any more. */
export function meet(known: Record<string, wire.ShownPerson>): void {
  people.clear();
  for (const [key, person] of Object.entries(known)) people.set(key, person);
  version.value += 1;
}

/** Know who wrote some messages. */
export function meetAuthors({ people: named }: { people?: Record<string, wire.Author> }): void {
  const met = Object.entries(named ?? {}).filter(([key, { name }]) => authors.get(key)?.name !== name);
  for (const [key, author] of met) authors.set(key, author);
  if (met.length) version.value += 1;
}

/** Whether the author's key tells nobody what they are called. */
export const isUnknown = (by: string): boolean => isAccount(by) && !people.has(by) && !authors.has(by);

/** Take in an event of the directory. */
export function hearOf(event: wire.AnyEvent): void {
  if (event.event === "person_removed") people.set(event.account, REMOVED);
  else if (event.event === "person_added" || event.event === "person_changed") hearOfPerson(event);
  else return;
  version.value += 1;
}

function hearOfPerson(event: wire.AnyEvent & { event: "person_added" | "person_changed" }): void {
  const { event: _event, room: _room, seq: _seq, at: _at, by: _by, id: _id, erased: _erased, account, ...news } = event;
  if (account === undefined) return; // of an account that was removed since
  const known = people.get(account);
  if (event.event === "person_added" || known) people.set(account, { ...(known ?? { handle: "", name: "" }), ...news });
}

/** What an author is called: an account by its display name, everybody else by the name itself. */
export function nameOf(by: string): string {
  if (!isAccount(by)) return by;
  return version.value >= 0 ? (people.get(by)?.name ?? authors.get(by)?.name ?? t.someone) : "";
}

export const personOf = (key: string): wire.ShownPerson | undefined => (version.value >= 0 ? people.get(key) : undefined);

/** The accounts that can be spoken with, by display name. */
export function everyone(): [key: string, person: wire.ShownPerson][] {
  return [...people].filter(([, { status }]) => (status ?? "active") === "active").sort(([, a], [, b]) => a.name.localeCompare(b.name));
}
