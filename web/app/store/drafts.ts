// What is being written, in each room.

import { signal } from "@preact/signals";

const drafts = new Map<string, string>();

/** What is being written in the current room. */
export const draft = signal("");

/** Put away what is being written in a room, and take out what was in another. */
export function switchDraft(from: string, to: string): void {
  if (from) drafts.set(from, draft.peek());
  draft.value = drafts.get(to) ?? "";
}
