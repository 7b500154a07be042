// Whether a search is shown, what for, and how one comes back to it: each search has an address, and an entry in the browser's history.

import { batch, signal } from "@preact/signals";
import { addressOf, isMade, linkedRoom, roomOf } from "./address.ts";
import { cameFrom, instead } from "./instead.ts";
import { closePanel, isThread } from "./panel.ts";
import { open } from "./rooms.ts";
import { showMessage } from "./saved.ts";
import { menuOpen } from "./screen.ts";
import { current, session } from "./state.ts";

export type Order = "newest" | "relevance";

/** A query as the server reads it, with the keys of rooms. */
export interface Sought {
  query: string;
  order: Order;
}

const ADDRESS = /^#\/search(?:\?(.*))?$/; // no room has such a name
const NOTHING: Sought = { query: "", order: "newest" };

export const sought = signal<Sought>(NOTHING);

/** The room from which one searches. */
export const soughtFrom = signal("");

/** Grows whenever somebody asks for the search again that is shown already. */
export const askedAgain = signal(0);

/** Whether one can search: visitors can where they say in which room, and only in rooms that were made. */
export const canSearch = (): boolean => session.value?.account !== undefined || isMade(current.value);

/** The search that the address leads to. */
export function linkedSearch(): Sought | undefined {
  const found = ADDRESS.exec(location.hash);
  if (!found) return undefined;
  const given = new URLSearchParams(found[1] ?? "");
  return { query: given.get("q") ?? "", order: given.get("order") === "relevance" ? "relevance" : "newest" };
}

function addressOfSearch(): string {
  const { query, order } = sought.peek();
  const given = new URLSearchParams({ ...(query && { q: query }), ...(order !== "newest" && { order }) }).toString();
  return `${addressOf(soughtFrom.peek())}#/search${given && `?${given}`}`;
}

/** Show a search from a room, where the address says so already. */
export function showSearch(wanted: Sought, from = linkedRoom()?.room ?? current.peek()): void {
  closePanel();
  batch(() => {
    menuOpen.value = false;
    cameFrom.value = undefined;
    soughtFrom.value = from;
    sought.value = wanted;
    instead.value = { kind: "search" };
  });
}

/** Search for something; without a query, begin with the room that is open, if it was made: free rooms can seldom be searched. */
export function openSearch(query = isMade(current.peek()) ? `in:${current.peek()} ` : ""): void {
  if (instead.peek()?.kind === "search") {
    askedAgain.value += 1;
    return;
  }
  showSearch({ ...NOTHING, query }, current.peek());
  history.pushState({ isWithin: true }, "", addressOfSearch());
}

/** Search for something else, or in another order. */
export function seek(wanted: Partial<Sought>): void {
  sought.value = { ...sought.peek(), ...wanted };
  history.replaceState(history.state, "", addressOfSearch());
}

/** Go back to the room from which one searched. */
export function closeSearch(): void {
  if (history.state?.isWithin) history.back();
  else open(soughtFrom.peek());
}

/** Open a message where it was written; without one, its room or thread. The browser's history leads back. */
export function showFound(key: string, seq: number): void {
  const from = instead.peek()?.kind;
  history.pushState(null, "", addressOf(roomOf(key)));
  if (seq || isThread(key)) showMessage(key, seq);
  else open(key);
  cameFrom.value = from;
}
