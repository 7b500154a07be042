// What is being written, in each room.

import { type Signal, signal } from "@preact/signals";

const drafts = new Map<string, Signal<string>>();

/** What is being written in a room. */
export function draftIn(room: string): Signal<string> {
  const draft = drafts.get(room) ?? signal("");
  drafts.set(room, draft);
  return draft;
}
