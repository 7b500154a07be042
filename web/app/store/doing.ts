// What accounts do with rooms: make them, join and leave them, invite to them.

import type { wire } from "#sdk";
import { command } from "./history.ts";
import { rememberedRooms, roomFromAddress } from "./memory.ts";
import { open } from "./rooms.ts";
import { say } from "./screen.ts";
import { accountOf, current, forget } from "./state.ts";

/** Make a room, or a direct, and open it. */
export async function create(given: Omit<wire.Create, "id" | "do">): Promise<void> {
  const { made } = await command<{ made: string }>("create", given);
  await accountOf()?.has(made);
  open(made);
}

export const inviteTo = (room: string, who: string[]): Promise<unknown> => command("invite", { room, who });

/** Leave a room, and open another. */
export async function leave(room: string): Promise<void> {
  await command("leave", { room });
  forget(room);
  open(accountOf()?.shown.find((row) => row.room !== room)?.room ?? rememberedRooms()[0] ?? roomFromAddress());
}

/** Become a member of a room. */
export async function join(room: string): Promise<void> {
  await command("join", { room });
  await accountOf()?.has(room);
}

/** Become a member of the current room. */
export const joinCurrent = (): Promise<void> => join(current.peek()).catch((error: Error) => say(error.message));
