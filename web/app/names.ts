// What people are called: events hold the keys of accounts, which nobody wants to read.

import type { wire } from "#sdk";

const people = new Map<string, wire.ShownPerson>();
const authors = new Map<string, wire.Author>(); // whom messages named, for those to whom the directory tells nothing

export const isAccount = (by: string): boolean => by.startsWith("@p");

/** Know these people, and no others any more. */
export function meet(known: Record<string, wire.ShownPerson>): void {
  people.clear();
  for (const [key, person] of Object.entries(known)) people.set(key, person);
}

/** Know who wrote some messages. Returns the accounts that were not known. */
export function meetAuthors({ people: named }: { people?: Record<string, wire.Author> }): string[] {
  const met = Object.entries(named ?? {}).filter(([key, { name }]) => authors.get(key)?.name !== name);
  for (const [key, author] of met) authors.set(key, author);
  return met.map(([key]) => key);
}

/** Whether the author's key tells nobody what they are called. */
export const isUnknown = (by: string): boolean => isAccount(by) && !people.has(by) && !authors.has(by);

/** Take in an event of the directory. Returns the account whose name was changed. */
export function hearOf(event: wire.AnyEvent): string | undefined {
  if (event.event === "person_removed") {
    people.set(event.account, { handle: "", name: "Removed account", status: "removed" });
    return event.account;
  }
  if (event.event !== "person_added" && event.event !== "person_changed") return undefined;
  const { event: _event, room: _room, seq: _seq, at: _at, by: _by, id: _id, erased: _erased, account, ...news } = event;
  if (account === undefined) return undefined; // of an account that was removed since
  const known = people.get(account);
  if (event.event === "person_changed" && !known) return undefined;
  people.set(account, { ...(known ?? { handle: "", name: "" }), ...news });
  return people.get(account)?.name === known?.name ? undefined : account;
}

/** What an author is called: an account by its display name, everybody else by the name itself. */
export const nameOf = (by: string): string => (isAccount(by) ? (people.get(by)?.name ?? authors.get(by)?.name ?? "Someone") : by);

export const personOf = (key: string): wire.ShownPerson | undefined => people.get(key);

/** The accounts that can be spoken with, by display name. */
export function everyone(): [key: string, person: wire.ShownPerson][] {
  return [...people].filter(([, { status }]) => (status ?? "active") === "active").sort(([, a], [, b]) => a.name.localeCompare(b.name));
}
