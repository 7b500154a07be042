// What is shown in the place of the room: a part of the admin page, or a search.

import { signal } from "@preact/signals";
import type { Part } from "./admin.ts";

export type Instead = { kind: "admin"; part: Part } | { kind: "search" };

export const instead = signal<Instead | undefined>(undefined);

/** Whether one has come to the room from there, and can go back by the browser's history. */
export const canGoBack = signal(false);
