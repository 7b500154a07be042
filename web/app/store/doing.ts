// What accounts do with rooms: make them, join and leave them, invite to them.

import type { wire } from "#sdk";
import { ask } from "./history.ts";
import { rememberedRooms, roomFromAddress } from "./memory.ts";
import { forget, open } from "./rooms.ts";
import { accountOf, clientOf, current } from "./state.ts";

type Command = Omit<wire.Create, "id"> | Omit<wire.InvitePeople, "id"> | Omit<wire.Join, "id"> | Omit<wire.Leave, "id">;

/** Send a command that must succeed, and look what there is afterwards. Rejects with why it did not. */
export async function command(given: Command): Promise<unknown> {
  const answer = await clientOf()?.ask(given);
  if (given.do !== "leave") await accountOf()?.start(); // so that the room is in the list when it is opened
  return answer;
}

/** Make a room, or a direct, and open it. */
export async function create(given: Omit<wire.Create, "id" | "do">): Promise<void> {
  open(((await command({ do: "create", ...given })) as { made: string }).made);
}

/** Leave a room, and open another. */
export async function leave(room: string): Promise<void> {
  await command({ do: "leave", room });
  const account = accountOf();
  clientOf()?.unfollow(room);
  forget(room);
  account?.start(); // a direct that was put away is shown again once there is something new
  open(account?.shown.find((row) => row.room !== room)?.room ?? rememberedRooms()[0] ?? roomFromAddress());
}

/** Become a member of the current room. */
export async function joinCurrent(): Promise<void> {
  if (await ask({ do: "join", room: current.peek() })) await accountOf()?.start();
}
