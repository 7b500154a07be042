// What comes over the connection, and what becomes of it.

import { batch } from "@preact/signals";
import { apply, type Client, type Page, peopleOf, type Refused, trim, viewOf, whoOf, type wire } from "#sdk";
import { isMade } from "./address.ts";
import { goTo, heardMeanwhile, MOST_READ } from "./history.ts";
import { isUnknown, meetAuthors } from "./names.ts";
import { isThread } from "./panel.ts";
import { readOn } from "./reading.ts";
import { hearChanged, track } from "./rooms.ts";
import { say } from "./screen.ts";
import { accountOf, current, isVisible, newFrom, outboxVersion, type Place, places, wanted } from "./state.ts";
import { appended, atEnd, MOST_SHOWN, toEnd } from "./window.ts";

const MOST_NAMED = 100; // people in a room of whom presence has the names

export function hear(client: Client): void {
  client.on("snapshot", ({ room, snapshot }) => batch(() => begin(room, snapshot)));
  client.on("event", ({ room, event }) => batch(() => take(client, room, event)));
  client.on("outbox", () => (outboxVersion.value += 1));
  client.on("signal", ({ signal }) => takeSignal(client, signal));
  client.on("problem", ({ error, room }) => (room && isMade(room) ? lose(room, error) : say(error.message)));
  client.on("unfollowed", ({ room, error }) => (isMade(room) ? lose(room, error) : isLog(room) || say(`${room}: ${error.message}`)));
}

/** Whether this is no room, but a log that an account follows. */
const isLog = (room: string): boolean => room === "@directory" || room === accountOf()?.key;

function begin(room: string, snapshot: wire.Snapshot): void {
  if (isLog(room)) return;
  const place = places.get(room) ?? (isThread(room) ? undefined : track(room));
  if (!place) return; // a thread that was closed meanwhile
  meetAuthors(snapshot);
  place.refused.value = undefined;
  place.view = viewOf(snapshot);
  const { names, ids, count } = snapshot.members;
  place.here.value = { people: peopleOf(names, ids), count };
  place.pins.value = snapshot.pins ?? [];
  place.learnThreads(snapshot);
  place.changed();
  if (room === current.peek()) {
    toEnd();
    queueMicrotask(readOn);
  }
  if (room === wanted.peek()?.room) goTo(room, wanted.peek()?.seq ?? 0);
}

/** A room can't be read, or no longer: nothing of it stays on the screen. */
function lose(room: string, error: Refused): void {
  const place = places.get(room);
  if (!place) return;
  for (const who of place.typing.peek().keys()) stopTyping(place, who);
  place.view = undefined;
  place.unread.value = 0;
  place.here.value = { people: new Map(), count: 0 };
  place.refused.value = error;
  place.changed();
}

function take(client: Client, room: string, event: wire.AnyEvent): void {
  const place = places.get(room);
  if (!place?.view) return;
  if (isUnknown(event.by)) getToKnowAuthor(client, event);
  const seqs = apply(place.view, event);
  heardMeanwhile(room, event);
  const isCurrent = room === current.peek();
  if (event.event === "posted") takePost(client, place, event, isCurrent);
  hearPins(place, event);
  if (event.event === "changed") hearChanged(event);
  trim(place.view, isCurrent && !atEnd.peek() ? MOST_READ : MOST_SHOWN);
  if (seqs.length) place.changed();
  if (seqs.length && isCurrent) queueMicrotask(readOn);
}

function takePost(client: Client, place: Place, event: wire.AnyEvent & { event: "posted" }, isCurrent: boolean): void {
  const isMine = whoOf(event) === client.me.who;
  stopTyping(place, whoOf(event));
  const isSeen = isCurrent && isVisible.peek();
  if (!event.erased && !isMine && !isSeen) miss(place, event, isCurrent);
  if (isCurrent && place.view) appended(place.view, isMine);
}

/** A message was pinned, or is so no longer; what is deleted isn't. */
function hearPins({ pins }: Place, event: wire.AnyEvent): void {
  if (event.event !== "pinned" && event.event !== "unpinned" && event.event !== "deleted") return;
  const { message } = event;
  const others = pins.peek().filter((seq) => seq !== message);
  if (message === undefined || (event.event !== "pinned" && others.length === pins.peek().length)) return;
  pins.value = event.event === "pinned" ? [...others, message] : others;
}

/** A message came while nobody looked. */
function miss(place: Place, { room, seq }: wire.AnyEvent, isCurrent: boolean): void {
  if (isCurrent) newFrom.value = Math.min(newFrom.peek(), seq);
  else place.unseenFrom = Math.min(place.unseenFrom, seq);
  if (!isMade(room)) place.unread.value += 1;
}

/** Ask who it is that wrote: a page of messages tells it. */
async function getToKnowAuthor(client: Client, event: wire.AnyEvent): Promise<void> {
  const seq = "message" in event && event.message !== undefined ? event.message : event.seq;
  const page = await client.ask({ do: "history", room: event.room, before: seq + 1, limit: 1 }).catch(() => undefined);
  if (page) meetAuthors(page as Page);
}

function takeSignal(client: Client, signal: wire.AnySignal): void {
  const place = places.get(signal.room);
  if (!place) return;
  if (signal.signal === "presence") hearPresence(place, signal);
  else if (signal.signal === "threads") place.learnThreads(signal);
  else if (signal.signal === "typing" && whoOf(signal) !== client.me.who) hearTyping(place, signal);
}

function hearPresence(place: Place, signal: wire.AnySignal & { signal: "presence" }): void {
  const joined = peopleOf(signal.joined ?? [], signal.joined_ids);
  const here = signal.names ? peopleOf(signal.names, signal.ids) : new Map([...place.here.peek().people, ...joined]);
  for (const who of peopleOf(signal.left ?? [], signal.left_ids).keys()) here.delete(who);
  place.here.value = { people: signal.count > MOST_NAMED ? new Map() : here, count: signal.count };
}

function hearTyping(place: Place, signal: wire.AnySignal & { signal: "typing" }): void {
  const who = whoOf(signal);
  stopTyping(place, who);
  const timer = setTimeout(() => stopTyping(place, who), 1000 * signal.ttl);
  place.typing.value = new Map(place.typing.peek()).set(who, { by: signal.by, timer });
}

function stopTyping(place: Place, who: string): void {
  const typist = place.typing.peek().get(who);
  if (!typist) return;
  clearTimeout(typist.timer);
  place.typing.value = new Map([...place.typing.peek()].filter(([other]) => other !== who));
}
