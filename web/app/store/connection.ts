// What is said of the connection's state, after a moment of grace.

import { signal } from "@preact/signals";
import type { Changed, Client } from "#sdk";
import { t } from "../i18n/index.ts";
import { askForEmoji } from "./emoji.ts";
import { listRooms } from "./rooms.ts";
import { say } from "./screen.ts";
import { accountOf, connection, places } from "./state.ts";

const GRACE = 2000; // milliseconds without a connection before the page says so

/** What is said of the connection; nothing while all is well. */
export const banner = signal("");

let graceTimer: number | undefined;
let countdown: number | undefined;
let hasConnected = false;
let isShown = false;

/** Take in another state of the connection. */
export function hearState(client: Client, changed: Changed): void {
  connection.value = changed;
  clearInterval(countdown);
  if (changed.state === "connected") {
    if (isShown && hasConnected) say(t.backAgain);
    stopWaiting();
    hasConnected = true;
    listRooms();
    if (!accountOf()) askForEmoji(client);
    return;
  }
  for (const place of places.values()) place.typing.value = new Map();
  const tell = () => {
    if (isShown) banner.value = wordsOf(changed);
  };
  if (changed.state === "waiting") countdown = setInterval(tell, 500);
  tell();
  const show = () => {
    isShown = true;
    banner.value = wordsOf(connection.peek());
  };
  graceTimer ??= setTimeout(show, changed.state === "ended" ? 0 : GRACE);
}

function wordsOf(changed: Changed): string {
  if (changed.state === "ended") return t.connectionEnded(changed.code);
  const left = changed.state === "waiting" ? Math.ceil((changed.until - Date.now()) / 1000) : 0;
  return left > 0 ? t.tryingAgainIn(left) : t.trying;
}

/** Say nothing any more of a connection that is not there. */
export function stopWaiting(): void {
  clearTimeout(graceTimer);
  clearInterval(countdown);
  graceTimer = undefined;
  isShown = false;
  banner.value = "";
}
