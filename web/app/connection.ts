// What comes over the connection, and what is said of its state.

import { apply, type Changed, type Client, type Page, peopleOf, type Refused, trim, viewOf, whoOf, type wire } from "#sdk";
import { byId } from "./dom.ts";
import { askForEmoji } from "./emoji.ts";
import { goTo, loading, MOST_READ, timeline } from "./history.ts";
import { getToKnow, isNewToUs, start } from "./main.ts";
import { isUnknown, meetAuthors } from "./names.ts";
import { lookAgain, readOn } from "./reading.ts";
import { showMembers, showRoom, showTyping, toast, unsent } from "./room.ts";
import { isMade } from "./routes.ts";
import { listRooms, showRooms, track } from "./sidebar.ts";
import { now, type Place, places } from "./state.ts";
import { MOST_SHOWN } from "./timeline.ts";
import { checkSession, refuse } from "./welcome.ts";

const GRACE = 2000; // milliseconds without a connection before the page says so
const UNAUTHENTICATED = 4401; // the close code
let graceTimer: number | undefined;
let countdown: number | undefined;
let hasConnected = false;

function showState(client: Client, changed: Changed): void {
  clearInterval(countdown);
  if (changed.state === "connected") {
    clearTimeout(graceTimer);
    graceTimer = undefined;
    if (!byId("banner").hidden && hasConnected) toast("Back again: what you missed is here");
    byId("banner").hidden = true;
    hasConnected = true;
    listRooms();
    if (!now.account) askForEmoji(client, () => timeline.showEmoji());
  } else {
    const until = changed.state === "waiting" ? changed.until : undefined;
    for (const place of places.values()) place.typing.clear();
    const say = () => {
      const left = until ? Math.max(0, Math.ceil((until - Date.now()) / 1000)) : 0;
      byId("banner-text").textContent =
        changed.state === "ended"
          ? `The server ended the connection (${changed.code})`
          : left
            ? `No connection. Trying again in ${left} s; you can keep writing`
            : "No connection. Trying…";
    };
    say();
    if (until) countdown = setInterval(say, 500);
    graceTimer ??= setTimeout(() => (byId("banner").hidden = false), changed.state === "ended" ? 0 : GRACE);
  }
  if (now.current) {
    timeline.showUnsent(unsent(client, now.current));
    showTyping();
  }
}

byId("retry-now").addEventListener("click", () => now.client?.connect());

for (const change of ["online", "offline"]) addEventListener(change, () => now.client?.check());

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !now.current) return;
  now.client?.check();
  track(now.current).unread = 0;
  lookAgain();
  showRooms();
});

addEventListener("pagehide", () => now.client?.close());

addEventListener("pageshow", (event) => event.persisted && now.client && start());

export function hear(client: Client): void {
  client.on("state", (changed) => {
    if (changed.state === "refused") refuse(client, changed.error);
    else if (now.account && changed.state === "ended") checkSession();
    else if (now.account && changed.state === "connected" && client.user?.user !== now.account.key) checkSession();
    else if (changed.state === "ended" && changed.code === UNAUTHENTICATED && client.token)
      refuse(client, { code: "unauthenticated", message: "" });
    else if (changed.state === "connected" && isNewToUs(client)) getToKnow(client);
    else if (changed.state !== "closed") showState(client, changed);
    if (now.account && changed.state === "waiting") checkSession(); // who has none is not even connected
  });
  client.on("snapshot", ({ room, snapshot }) => {
    if (isLog(room)) return;
    const place = track(room);
    meetAuthors(snapshot);
    delete place.refused;
    place.view = viewOf(snapshot);
    setMembers(place, peopleOf(snapshot.members.names, snapshot.members.ids), snapshot.members.count);
    if (room === now.current) showRoom();
    if (room === now.wanted?.room) goTo(room, now.wanted.seq);
  });
  client.on("event", ({ room, event }) => take(client, room, event));
  client.on("outbox", ({ room }) => room === now.current && timeline.showUnsent(unsent(client, room)));
  client.on("signal", ({ signal }) => takeSignal(client, signal));
  client.on("problem", ({ error, room }) => (room && isMade(room) ? lose(room, error) : toast(error.message)));
  client.on("unfollowed", ({ room, error }) => (isMade(room) ? lose(room, error) : isLog(room) || toast(`${room}: ${error.message}`)));
}

/** Whether this is no room, but a log that an account follows. */
const isLog = (room: string): boolean => room === "@directory" || room === now.account?.key;

/** A room can't be read, or no longer: nothing of it stays on the screen. */
function lose(room: string, error: Refused): void {
  const place = places.get(room);
  if (!place) return;
  places.set(room, { unread: 0, members: new Map(), count: 0, typing: new Map(), refused: error });
  if (room === now.current) showRoom();
}

function take(client: Client, room: string, event: wire.AnyEvent): void {
  const place = places.get(room);
  if (!place?.view) return;
  if (isUnknown(event.by)) getToKnowAuthor(client, event);
  const seqs = apply(place.view, event);
  if (loading?.room === room) loading.meanwhile.push(event);
  const isPost = event.event === "posted";
  if (isPost) place.typing.delete(whoOf(event));
  const isSeen = room === now.current && !document.hidden;
  if (isPost && !event.erased && whoOf(event) !== client.me.who && !isSeen && !isMade(room)) {
    place.unread += 1;
    showRooms();
  }
  if (room === now.current && seqs.length) {
    if (isPost) timeline.append();
    else for (const seq of seqs) timeline.update(seq);
    showTyping();
    readOn();
  }
  trim(place.view, room === now.current && !timeline.wasAtEnd ? MOST_READ : MOST_SHOWN);
}

/** Ask who it is that wrote: a page of messages tells it. */
async function getToKnowAuthor(client: Client, event: wire.AnyEvent): Promise<void> {
  const seq = "message" in event && event.message !== undefined ? event.message : event.seq;
  const page = (await client.ask({ do: "history", room: event.room, before: seq + 1, limit: 1 }).catch(() => undefined)) as
    | Page
    | undefined;
  if (!page) return;
  for (const key of meetAuthors(page)) timeline.rename(key);
  if (event.room === now.current) showMembers();
}

function takeSignal(client: Client, signal: wire.AnySignal): void {
  const place = places.get(signal.room);
  if (!place) return;
  if (signal.signal === "presence") {
    const here = signal.names
      ? peopleOf(signal.names, signal.ids)
      : new Map([...place.members, ...peopleOf(signal.joined ?? [], signal.joined_ids)]);
    for (const who of peopleOf(signal.left ?? [], signal.left_ids).keys()) here.delete(who);
    setMembers(place, signal.count > 100 ? new Map() : here, signal.count);
  } else if (signal.signal === "typing" && whoOf(signal) !== client.me.who) {
    const who = whoOf(signal);
    clearTimeout(place.typing.get(who)?.timer);
    const forget = () => {
      place.typing.delete(who);
      if (signal.room === now.current) showTyping();
    };
    place.typing.set(who, { name: signal.by, timer: setTimeout(forget, 1000 * signal.ttl) });
  }
  if (signal.room === now.current) {
    showMembers();
    showTyping();
  }
}

function setMembers(place: Place, members: Map<string, string>, count: number): void {
  place.members = members;
  place.count = count;
}

/** Say nothing any more of a connection that is not there. */
export function stopWaiting(): void {
  clearTimeout(graceTimer);
  clearInterval(countdown);
  graceTimer = undefined;
}
