// Following a room, and what becomes of what comes from it.

import { batch } from "@preact/signals";
import { type Client, Closed, peopleOf, Refused, type Room, whoOf, type wire } from "#sdk";
import { isMade } from "./address.ts";
import { retitle } from "./aliases.ts";
import { show } from "./frames.ts";
import { goTo, goToLine, hearApart, MOST_KEPT, part, stay, waitsForLine } from "./history.ts";
import { holdFewer, MOST_HELD } from "./holding.ts";
import { drop, type Kept, keep, keptOf } from "./kept.ts";
import { lookAt } from "./looking.ts";
import { isUnknown, meetAuthors } from "./names.ts";
import { idsIn, reached } from "./outbox.ts";
import { readOn } from "./reading.ts";
import { say } from "./screen.ts";
import { clientOf, current, isVisible, me, newFrom, type Place, places, topics, type View, wanted } from "./state.ts";
import { learnThreads } from "./threads.ts";
import { main, paneOf } from "./window.ts";

const MOST_MISSED = 1000; // a room that has come further begins anew

const OF_ROOMS = new Set<wire.AnyEvent["event"]>([
  ...(["joined", "left", "invited", "removed", "appointed", "banned", "unbanned", "muted", "unmuted"] as const),
  ...(["changed", "archived", "restored"] as const),
]);

const streams = new Map<string, Promise<void>>(); // by room: each ends with what was followed

/** Follow a room for as long as it is kept, and show what comes. What is opened again goes on once it was left. */
export function follow(name: string): void {
  const [client, place] = [clientOf(), places.get(name)];
  if (!client || !place || place.isFollowed) return;
  place.isFollowed = true;
  const isKept = () => places.get(name) === place && clientOf() === client;
  const before = streams.get(name) ?? Promise.resolve();
  const stream = before.then(() => (isKept() ? takeAll(client, name, place, isKept) : undefined));
  const ended = stream.catch((error) => isKept() && lose(name, place, error)).then(() => (place.isFollowed = false));
  streams.set(
    name,
    ended.then(() => undefined),
  );
}

async function takeAll(client: Client, name: string, place: Place, isKept: () => boolean): Promise<void> {
  const kept = await keptOf(name);
  if (!isKept()) return;
  if (kept) batch(() => beginKept(name, place, kept));
  const room = await begun(client, name, kept, isKept);
  if (isKept()) {
    place.room = room;
    batch(() => begin(name, place, kept));
    const isAnew = kept?.view.messages !== room.bySeq && main.atEnd.peek();
    if (name === current.peek() && (isAnew || waitsForLine(name))) goToLine(name, undefined, kept !== undefined);
    if (name === current.peek()) lookAt(name);
    hearSignals(place, room);
    let before = newestIn(room);
    for await (const item of room.stream({ markers: true })) {
      if (!isKept()) break;
      if (!("event" in item)) rejoin(name, place, item.marker === "resumed" ? item.missed : 0);
      batch(() => ("event" in item ? take(room, place, item) : item.marker === "reset" && begin(name, place, before)));
      if ("event" in item) place.owed = Math.max(0, place.owed - 1);
      before = newestIn(room);
    }
  }
  if (!isKept()) room.unfollow().catch(() => {}); // if there is no connection, there is nothing to leave
}

/** A connection is there again, over which so many events come that were missed. */
function rejoin(name: string, place: Place, missed: number): void {
  place.owed = missed;
  place.isLookedAt = false;
  if (name === current.peek()) lookAt(name);
}

/** Follow a room from where it is kept, however long the server asks for patience. */
async function begun(client: Client, name: string, kept: Kept | undefined, isKept: () => boolean): Promise<Room> {
  let from = kept && { since: kept.view.seq, epoch: kept.epoch, view: kept.view, max_missed: MOST_MISSED };
  for (;;) {
    try {
      return await client.follow(name, from);
    } catch (error) {
      if (!(error instanceof Refused && isKept())) throw error;
      if (error.code === "bad_position" && from) from = undefined;
      else if (!error.temporary) throw error;
    }
  }
}

/** Show a room as it is kept. */
function beginKept(name: string, place: Place, { view, threads }: Kept): void {
  place.kept = view;
  learnThreads(place, threads);
  place.pins.value = view.pins;
  place.changed();
  if (name !== current.peek()) return;
  main.toEnd();
  goToLine(name, view.seq);
}

/** The newest messages of a room, and the epoch of its log. */
type Newest = Pick<Kept, "epoch"> & { view: View };

const newestIn = (room: Room): Newest => ({ epoch: room.position.epoch, view: { messages: room.bySeq, more: room.more } });

/** A room is there, or anew: what was missed is too much, or is no longer kept. `before` is what was there. */
function begin(name: string, place: Place, before: Newest | undefined): void {
  const { room } = place;
  if (!room) return;
  const goesOn = place.kept?.messages === room.bySeq;
  place.kept = undefined;
  if (!goesOn) keep(name);
  reached(name, room.position.seq, idsIn(room.messages));
  meetAuthors(room);
  place.refused.value = undefined;
  place.here.value = hereIn(room);
  place.receipts.value = new Map(room.receipts);
  place.pins.value = room.pins;
  learnThreads(place, room.threads);
  place.changed();
  const pane = paneOf(name);
  if (pane) {
    const canStay = before?.epoch === room.position.epoch && wanted.peek()?.room !== name && !waitsForLine(name);
    if (!goesOn && before && canStay && !pane.atEnd.peek()) stay(pane, room, before.view);
    else if (!goesOn) pane.toEnd();
    queueMicrotask(readOn);
  }
  holdFewer();
  const sought = name === wanted.peek()?.room ? wanted.peek()?.seq : pane?.sought;
  if (sought === undefined) return;
  if (pane) pane.sought = undefined;
  goTo(name, sought);
}

const hereIn = ({ members: { names, ids, count } }: Room) => ({ people: peopleOf(names, ids), count });

/** A room can't be read, or no longer: nothing of it stays on the screen. */
function lose(name: string, place: Place, error: unknown): void {
  if (error instanceof Closed) return; // the connection's state says why
  place.room = place.kept = undefined;
  if (error instanceof Refused) drop(name);
  for (const who of place.typing.peek().keys()) stopTyping(place, who);
  place.unread.value = 0;
  place.here.value = { people: new Map(), count: 0 };
  place.receipts.value = new Map();
  if (isMade(name) && error instanceof Refused) place.refused.value = error;
  else say(`${name}: ${(error as Error).message}`);
  place.changed();
}

function take(room: Room, place: Place, event: wire.AnyEvent): void {
  if (isUnknown(event.by)) getToKnowAuthor(room, event);
  const isCurrent = room.name === current.peek();
  const pane = paneOf(room.name);
  hearApart(event);
  if (pane?.atEnd.peek()) pane.span.value = undefined; // it has met what is shown at the end
  if (event.event === "posted") takePost(room.name, place, event, isCurrent);
  if (event.event === "changed" && event.topic !== undefined) topics.value = new Map([...topics.peek(), [room.name, event.topic]]);
  if (event.event === "changed" && event.title !== undefined) retitle(room.name, event.title);
  if (event.event === "changed" && event.titles !== undefined) place.isForum.value = event.titles;
  if (OF_ROOMS.has(event.event)) place.changes.value += 1;
  place.pins.value = room.pins;
  if (room.bySeq.size >= MOST_HELD) letGo(room);
  keep(room.name, seqsIn(event));
  const { client_message_id: id } = event as { client_message_id?: string };
  reached(room.name, event.seq, new Set(id ? [id] : []));
  place.changed();
  if (isCurrent && waitsForLine(room.name)) goToLine(room.name, undefined, true);
  if (isCurrent) show(readOn);
}

/** Keep only the newest messages of a room; what one reads further up goes on apart from those. */
function letGo(room: Room): void {
  const pane = paneOf(room.name);
  if (pane && !pane.atEnd.peek()) part(pane, room);
  room.trim(MOST_KEPT);
  room.trim(MOST_HELD); // from here on
}

/** The messages that an event adds or changes. */
function seqsIn(event: wire.AnyEvent): number[] {
  if (event.event === "posted") return [event.seq];
  if (event.event === "erased") return [...(event.messages ?? []), ...(event.reactions ?? [])];
  return "message" in event && event.message !== undefined ? [event.message] : [];
}

function takePost(room: string, place: Place, event: wire.AnyEvent & { event: "posted" }, isCurrent: boolean): void {
  const isMine = whoOf(event) === me().who;
  stopTyping(place, whoOf(event));
  const isSeen = isCurrent && isVisible.peek();
  if (!event.erased && !isMine && !isSeen) miss(place, event, isCurrent);
  paneOf(room)?.appended(isMine || place.owed > 0); // what was missed did not come while one reads
}

/** A message came while nobody looked. */
function miss(place: Place, { room, seq }: wire.AnyEvent, isCurrent: boolean): void {
  if (isCurrent) newFrom.value = Math.min(newFrom.peek(), seq);
  else place.unseenFrom = Math.min(place.unseenFrom, seq);
  if (!isMade(room)) place.unread.value += 1;
}

/** Ask who it is that wrote: a page of messages tells it. */
async function getToKnowAuthor(room: Room, event: wire.AnyEvent): Promise<void> {
  const seq = "message" in event && event.message !== undefined ? event.message : event.seq;
  const page = await room.history({ before: seq + 1, limit: 1 }).catch(() => undefined);
  if (page) meetAuthors(page);
}

async function hearSignals(place: Place, room: Room): Promise<void> {
  for await (const signal of room.signals()) {
    if (signal.signal === "presence") place.here.value = hereIn(room);
    else if (signal.signal === "receipt") place.receipts.value = new Map(room.receipts);
    else if (signal.signal === "threads") {
      const threads = Object.entries(signal.threads).map(([seq, thread]) => [Number(seq), thread] as const);
      learnThreads(place, threads); // of others, an answer may have told more than the room knows
      keep(
        room.name,
        threads.map(([seq]) => seq),
      );
    } else if (signal.signal === "typing" && whoOf(signal) !== me().who) hearTyping(place, signal);
  }
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
