// Who is there, of the people at the other end of directs; and whether somebody is at this device.

import { signal } from "@preact/signals";
import type { Client, wire } from "#sdk";
import { accountOf, clientOf, isVisible } from "./state.ts";

const EVERY = 20_000; // milliseconds between two questions
const AWAY_AFTER = 300_000;
const MOST = 200;

type State = wire.PersonPresence;

const states = signal<ReadonlyMap<string, State>>(new Map());

/** Whether somebody is there: undefined if that is not known, or not to be known. */
export const stateOf = (who: string): string | undefined => states.value.get(who)?.state;

/** Send a command that changes no log, and is worth nothing later: so nobody is to repeat it. */
async function tell(command: { do: "watch"; people: string[] } | { do: "away" | "back" }): Promise<unknown> {
  const frame: Record<string, unknown> = { ...command, client_message_id: undefined };
  return clientOf()
    ?.ask(frame as unknown as Parameters<Client["ask"]>[0])
    .catch(() => undefined);
}

let asked = "";

/** Ask about the people of the directs that are shown. */
export async function watchPeople(again = false): Promise<void> {
  const account = accountOf();
  const rows = account?.shown.filter(({ kind }) => kind === "direct") ?? [];
  const people = [...new Set(rows.flatMap((row) => row.people ?? []))].filter((key) => key !== account?.key).slice(0, MOST);
  if (!people.length || (!again && people.join() === asked) || clientOf()?.state !== "connected") return;
  asked = people.join();
  const answer = (await tell({ do: "watch", people })) as { people?: Record<string, State> } | undefined;
  if (answer?.people) states.value = new Map(Object.entries(answer.people));
}

/** Ask again from time to time. */
export const goOnWatching = (): void => {
  setInterval(() => isVisible.peek() && watchPeople(true), EVERY);
};

let awayTimer: number | undefined;
let isAway = false;

/** Somebody is at this device. */
export function present(): void {
  clearTimeout(awayTimer);
  if (!accountOf()) return;
  if (isAway) tell({ do: "back" });
  isAway = false;
  awayTimer = setTimeout(() => {
    isAway = true;
    tell({ do: "away" });
  }, AWAY_AFTER);
}

/** Nobody is at this device, until there is the next key or touch. */
export async function leaveDevice(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve)); // the key that says so is over
  clearTimeout(awayTimer);
  isAway = true;
  await tell({ do: "away" });
}
