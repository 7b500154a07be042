// What is said of the connection's state, after a moment of grace, and of what carries it.

import { signal } from "@preact/signals";
import type { Client, Status, Transport } from "#sdk";
import { timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { askForEmoji } from "./emoji.ts";
import { listRooms } from "./rooms.ts";
import { say } from "./screen.ts";
import { accountOf, connection, places } from "./state.ts";

const GRACE = 2000; // milliseconds without a connection before the page says so

/** What is said of the connection; nothing while all is well. */
export const banner = signal("");

/** What carries the connection, since when and why, if it is not a WebSocket. */
export const carrier = signal("");

let graceTimer: number | undefined;
let countdown: number | undefined;
let hasConnected = false;
let isShown = false;

/** Take in another state of the connection. */
export function hearState(client: Client, status: Status): void {
  connection.value = status;
  carrier.value = wordsOfTransport(client.transport);
  clearInterval(countdown);
  if (status.state === "connected") {
    if (isShown && hasConnected) say(t.backAgain);
    stopWaiting();
    hasConnected = true;
    listRooms();
    if (!accountOf()) askForEmoji(client);
    return;
  }
  for (const place of places.values()) place.typing.value = new Map();
  const tell = () => {
    if (isShown) banner.value = wordsOf(status);
  };
  if (status.state === "disconnected") countdown = setInterval(tell, 500);
  tell();
  const show = () => {
    isShown = true;
    banner.value = wordsOf(connection.peek());
  };
  graceTimer ??= setTimeout(show, status.state === "closed" ? 0 : GRACE);
}

function wordsOf({ state, code, reason, retry_at = 0 }: Status): string {
  if (state === "closed") return t.connectionEnded(code ? `${code}` : reason);
  const left = state === "disconnected" ? Math.ceil((retry_at - Date.now()) / 1000) : 0;
  return left > 0 ? t.tryingAgainIn(left) : t.trying;
}

function wordsOfTransport(transport: Transport | null): string {
  if (!transport || transport.kind === "websocket") return "";
  const why = transport.why.replace("websocket:", t.transports.websocket).replace("sse:", t.transports.sse);
  return t.carriedBy(t.transports[transport.kind], timeOf(new Date(transport.since).toISOString()), why);
}

/** Say nothing any more of a connection that is not there. */
export function stopWaiting(): void {
  clearTimeout(graceTimer);
  clearInterval(countdown);
  graceTimer = undefined;
  isShown = false;
  banner.value = "";
}
