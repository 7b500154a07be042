// What is shown beside the messages of a room: a thread, its pinned messages, the room itself, or what one has saved.

import { signal } from "@preact/signals";
import { isMade } from "./address.ts";
import { follow } from "./hearing.ts";
import { current, forget, isVisible, Place, places, tracked } from "./state.ts";
import { side } from "./window.ts";

export type Panel =
  | { kind: "thread"; room: string; seq: number; thread: string }
  | { kind: "pins"; room: string }
  | { kind: "about"; room: string }
  | { kind: "saved"; room: string };

export const panel = signal<Panel | undefined>(undefined);

/** Whether a key is that of a thread: a room's, a colon, and the number of a message. */
export const isThread = (room: string): boolean => isMade(room) && room.includes(":");

/** Whether one sees the replies in a thread. */
export const isReadingThread = (thread: string): boolean =>
  panel.value?.kind === "thread" && panel.value.thread === thread && isVisible.value;

/** Show the thread of a message of the current room, and a reply in it. */
export function openThread(seq: number, reply?: number): void {
  closePanel();
  const room = current.peek();
  const thread = `${room}:${seq}`;
  places.set(thread, new Place());
  tracked.value = [...places.keys()];
  side.room.value = thread;
  side.toEnd();
  side.sought = reply;
  follow(thread);
  panel.value = { kind: "thread", room, seq, thread };
}

export function openPins(): void {
  closePanel();
  panel.value = { kind: "pins", room: current.peek() };
}

/** Show what there is to know of the current room. */
export function openAbout(): void {
  closePanel();
  panel.value = { kind: "about", room: current.peek() };
}

export function closePanel(): void {
  const shown = panel.peek();
  panel.value = undefined;
  if (shown?.kind !== "thread") return;
  side.room.value = "";
  side.span.value = undefined;
  forget(shown.thread);
}
