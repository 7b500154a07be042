// The messages that one has saved, from any room.

import { computed } from "@preact/signals";
import type { wire } from "#sdk";
import { placeIn } from "./address.ts";
import { ME } from "./commands.ts";
import { goTo } from "./history.ts";
import { call } from "./http.ts";
import { instead } from "./instead.ts";
import { meetAuthors } from "./names.ts";
import { change, outbox } from "./outbox.ts";
import { closePanel, openThread, panel } from "./panel.ts";
import { open } from "./rooms.ts";
import { menuOpen } from "./screen.ts";
import { current, places, wanted } from "./state.ts";
import { isUnsaved } from "./underway.ts";

/** A saved message: none if it is no longer kept, or not for one to read at the moment. */
export interface Saved {
  of: { room: string; message: number };
  seq: number;
  message: wire.Message | null;
}

export interface SavedPage {
  saved: Saved[];
  more: boolean;
}

export const save = (room: string, seq: number): Promise<void> => change(ME, { do: "save", of: { room, message: seq } });
export const unsave = (room: string, seq: number): Promise<void> => change(ME, { do: "unsave", of: { room, message: seq } });

/** How many messages wait to be saved: the list has them only afterwards. */
export const saving = computed(() => outbox.value.filter(({ command, seq }) => command.do === "save" && seq === undefined).length);

/** Whether a message is to be among the saved ones no longer. */
export const isDropped = ({ of }: Saved): boolean => isUnsaved(of, outbox.value);

/** Those that were saved before one, or the last ones. */
export async function savedBefore(seq?: number): Promise<SavedPage> {
  const found = await call<SavedPage & { people?: Record<string, wire.Author> }>(
    "GET",
    `/me/saved${seq === undefined ? "" : `?before=${seq}`}`,
  );
  meetAuthors(found);
  return found;
}

export function openSaved(): void {
  closePanel();
  instead.value = undefined;
  menuOpen.value = false;
  panel.value = { kind: "saved", room: current.peek() };
}

/** Open the room of a message, or its thread, and show it there. */
export function showMessage(key: string, seq: number): void {
  const { room, root } = placeIn(key);
  const isThere = places.get(room)?.view !== undefined;
  wanted.value = root || isThere ? undefined : { room, seq };
  open(room);
  if (root) openThread(root, seq || undefined);
  else if (isThere) goTo(room, seq);
}
