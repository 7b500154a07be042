// How long one was away from this device, and showing what one has missed meanwhile.

import { signal } from "@preact/signals";
import { addressOf } from "./address.ts";
import { cameFrom, instead } from "./instead.ts";
import { keepSeen, keptSeen } from "./memory.ts";
import { closePanel } from "./panel.ts";
import { open } from "./rooms.ts";
import { menuOpen } from "./screen.ts";
import { accountOf, current, isVisible } from "./state.ts";

const LONG = 4 * 3_600_000; // milliseconds; who is away for less remembers what there was
const NOTE_EVERY = 60_000;
const ADDRESS = "#/missed"; // no room has such a name

/** Since when one was away, in milliseconds since 1970, until one has seen what there was, or doesn't want to. */
export const absentSince = signal<number | undefined>(undefined);

/** Note that somebody is here, and whether they were away for long. */
export function comeBack(): void {
  const key = accountOf()?.key;
  if (!key || !isVisible.peek()) return;
  const before = keptSeen(key);
  const now = Date.now();
  if (before && now - before >= LONG) absentSince.value = before;
  if (now - before >= NOTE_EVERY) keepSeen(key, now);
}

export const isMissedLinked = (): boolean => location.hash === ADDRESS;

/** Show what one has missed, where the address says so already. */
export function showMissed(): void {
  closePanel();
  menuOpen.value = false;
  cameFrom.value = undefined;
  absentSince.value = undefined;
  instead.value = { kind: "missed" };
}

export function openMissed(): void {
  if (instead.peek()?.kind === "missed") return;
  showMissed();
  history.pushState({ isWithin: true }, "", addressOf(current.peek()) + ADDRESS);
}

/** Go back to the room. */
export function closeMissed(): void {
  if (history.state?.isWithin) history.back();
  else open(current.peek());
}
