// Who is there, of the people at the other end of directs; and whether somebody is at this device.

import type { Me } from "#sdk";
import { accountOf, session } from "./state.ts";

const AWAY_AFTER = 300_000; // milliseconds
const MOST = 200;

/** Whether somebody is there: undefined if that is not known, or not to be known. */
export const stateOf = (who: string): string | undefined => session.value?.account?.know("presence")?.presence.get(who)?.state;

let watched: { by?: Me; people: string } = { people: "" };

let lookedAt: readonly string[] = [];

/** These people are shown as well. */
export function lookAt(people: readonly string[]): void {
  if (people.join() === lookedAt.join()) return;
  lookedAt = people;
  watchPeople();
}

/** Watch the people of the directs that are shown, and those who are looked at: from then on, the server tells what changes. */
export function watchPeople(): void {
  const account = accountOf();
  const me = account?.me;
  if (!account || !me) return;
  const rows = account.shown.filter(({ kind }) => kind === "direct");
  const people = [...new Set([...rows.flatMap((row) => row.people), ...lookedAt])].filter((key) => key !== account.key).slice(0, MOST);
  if (people.join() === (watched.by === me ? watched.people : "")) return;
  watched = { by: me, people: people.join() };
  me.watch(people).catch(() => {
    watched = { people: "" }; // so that it is asked again with the next change
  });
}

let awayTimer: number | undefined;
let isAway = false;

/** Tell whether somebody is at this device. */
function tell(away: boolean): void {
  isAway = away;
  const me = accountOf()?.me;
  (away ? me?.away() : me?.back())?.catch(() => {}); // the connection's state says what is wrong
}

/** Somebody is at this device. */
export function present(): void {
  clearTimeout(awayTimer);
  if (!accountOf()) return;
  if (isAway) tell(false);
  awayTimer = setTimeout(() => tell(true), AWAY_AFTER);
}

/** Nobody is at this device, until there is the next key or touch. */
export async function leaveDevice(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve)); // the key that says so is over
  clearTimeout(awayTimer);
  isAway = true;
  await accountOf()?.me?.away();
}
