// The rooms that there are, what they are called, and opening one.

import { batch, signal } from "@preact/signals";
import { t } from "../i18n/index.ts";
import { isMade, showAddress } from "./address.ts";
import { type Listed, listed, whenUnknown } from "./aliases.ts";
import { follow } from "./hearing.ts";
import { goToLine } from "./history.ts";
import { holdFewer, touch } from "./holding.ts";
import { call, list } from "./http.ts";
import { cameFrom, instead } from "./instead.ts";
import { lookAt } from "./looking.ts";
import { keepRooms } from "./memory.ts";
import { pictureAt } from "./names.ts";
import { seeRoom } from "./outbox.ts";
import { closePanel } from "./panel.ts";
import { leaveOff, lookAgain, readUpto } from "./reading.ts";
import { used } from "./recent.ts";
import { menuOpen } from "./screen.ts";
import { accountOf, current, editing, newFrom, Place, places, replyTo, session, topics, tracked } from "./state.ts";
import { main } from "./window.ts";

const known = signal<readonly string[]>([]); // free rooms on the server
const AGAIN = 60_000; // milliseconds before one looks for new open rooms again
let lookedAt = 0;

/** What is kept of a room, which is followed from now on. */
export function track(room: string): Place {
  const found = places.get(room);
  if (found) return found;
  const place = new Place();
  places.set(room, place);
  tracked.value = [...places.keys()];
  keepRooms(places.keys());
  follow(room);
  return place;
}

export function open(room: string, showsAddress = true): void {
  if (room !== current.peek()) leaveOff();
  batch(() => {
    const place = track(room);
    current.value = room;
    touch(room);
    holdFewer();
    drawLine(room, place);
    seeRoom(room);
    replyTo.value = undefined;
    editing.value = undefined;
    menuOpen.value = false;
    instead.value = undefined;
    cameFrom.value = undefined;
    closePanel();
    main.toEnd();
    follow(room); // it may be readable by now
  });
  goToLine(room);
  used("rooms", room);
  lookUp();
  if (showsAddress) showAddress(room);
  lookAgain();
}

/** Where what is new begins in a room that is opened: after what its account has read, or with what came meanwhile. */
function drawLine(room: string, place: Place): void {
  newFrom.value = place.unseenFrom;
  place.unseenFrom = Infinity;
  lineOf = isMade(room) ? room : "";
  drawLineOnce();
}

let lineOf = ""; // the room whose line waits for its row; as this device kept the row, it is only to begin with

/** The row of the current room may have come only now. Returns whether the line is elsewhere than before. */
export function drawLineOnce(): boolean {
  const account = accountOf();
  const row = account?.rooms.get(lineOf);
  if (!row || lineOf !== current.peek()) return false;
  if (account?.me) lineOf = "";
  const before = newFrom.peek();
  newFrom.value = row.unread ? Math.max(row.read, readUpto(row.room)) + 1 : Infinity;
  return newFrom.peek() !== before;
}

const lookedUp = new Set<string>();

/** Look for the title of the current room, if one is no member, and for its topic. */
export function lookUp(): void {
  const [room, account] = [current.peek(), accountOf()];
  const row = account?.rooms.get(room);
  if (!account?.hasStarted || !isMade(room)) return;
  lookAt(room);
  if (listed.peek().has(room) || (row && (row.kind !== "open" || lookedUp.has(room)))) return;
  lookedUp.add(room);
  listOpenRooms().catch(() => {}); // it is only called "Room" then
}

/** The free rooms that are known here. */
export const freeRooms = (): string[] =>
  [...new Set([...tracked.value, ...known.value])].filter((room) => !isMade(room)).sort((a, b) => a.localeCompare(b));

export async function listRooms(): Promise<void> {
  try {
    const { rooms } = await call<{ rooms: { room: string }[] }>("GET", "/rooms?limit=200");
    known.value = rooms.map(({ room }) => room).filter((room) => !isMade(room));
  } catch {
    // the connection's own state says what is wrong
  }
}

export async function listOpenRooms(): Promise<Listed[]> {
  lookedAt = Date.now();
  const rooms = await list<Listed>("/directory", "rooms", "room");
  listed.value = new Map(rooms.map((each) => [each.room, each]));
  return rooms;
}

/** Somebody names a room that is not known, or is about to: it may be a new one. */
export function lookForRooms(): void {
  const account = accountOf();
  if (!account?.hasStarted || account.role === "guest" || Date.now() - lookedAt < AGAIN) return;
  listOpenRooms().catch(() => {}); // then the name stays what it is
}

whenUnknown(lookForRooms);

/** What a room is about, as far as one knows. */
export const topicOf = (room: string): string => topics.value.get(room) ?? listed.value.get(room)?.topic ?? "";

/** The open rooms that were listed last. */
export const listedRooms = (): Listed[] => [...listed.value.values()];

/** Where the picture of a room is, if there is one and one knows it. */
export const pictureOfRoom = (room: string): string | undefined =>
  pictureAt((session.value?.account?.row(room) ?? listed.value.get(room))?.avatar);

/** What a room is called. */
export function titleOf(room: string): string {
  if (!isMade(room)) return room;
  const account = session.value?.account;
  const row = account?.row(room);
  if (row) return account?.titleOf(row) ?? "";
  return listed.value.get(room)?.title ?? (places.get(room)?.refused.value ? t.noSuchRoom : t.room);
}
