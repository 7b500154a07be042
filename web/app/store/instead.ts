// What is shown in the place of the room: a part of the admin page, a search, or what one has missed.

import { signal } from "@preact/signals";
import type { Part } from "./admin.ts";

export type Instead = { kind: "admin"; part: Part } | { kind: "search" } | { kind: "missed" };

export const instead = signal<Instead | undefined>(undefined);

/** From where one has come to the room, and can go back by the browser's history. */
export const cameFrom = signal<Instead["kind"] | undefined>(undefined);
