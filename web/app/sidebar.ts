// The sidebar: the rooms that there are, and opening one.

import type { wire } from "#sdk";
import { forMe, isUnread, levelOf } from "./badges.ts";
import { isTouch, showComposer, text } from "./composer.ts";
import type * as dialogs from "./dialogs.ts";
import { avatar, byId, harmless, make } from "./dom.ts";
import { list } from "./http.ts";
import { isRoomName, keepRooms } from "./memory.ts";
import { showMemberList, showMenu } from "./menu.ts";
import { isReading, lookAgain } from "./reading.ts";
import { showRoom, showTitle, toast } from "./room.ts";
import { isMade, showAddress } from "./routes.ts";
import { drafts, now, type Place, places } from "./state.ts";

export function track(room: string): Place {
  const tracked = places.get(room);
  if (tracked) return tracked;
  const place = { unread: 0, members: new Map(), count: 0, typing: new Map() };
  places.set(room, place);
  keepRooms(places.keys());
  now.client?.follow(room);
  return place;
}

export function open(room: string): void {
  if (now.current) drafts.set(now.current, text.value);
  now.current = room;
  const place = track(room);
  place.unread = 0;
  if (place.refused) now.client?.follow(room);
  if (now.account?.hasStarted && isMade(room) && !now.account.rooms.has(room)) listOpenRooms();
  now.replyTo = undefined;
  text.value = drafts.get(room) ?? "";
  showMenu(false);
  showMemberList(false);
  showAddress(room);
  showRoom();
  lookAgain();
  showRooms();
  showComposer();
  if (!isTouch) text.focus();
}

export async function listRooms(): Promise<void> {
  try {
    const headers = new Headers(now.client?.token ? { Authorization: `Bearer ${now.client.token}` } : {});
    const { rooms }: { rooms: { room: string }[] } = await (await fetch("/api/v1/rooms?limit=200", { headers })).json();
    known = rooms.map(({ room }) => room).filter((room) => !isMade(room));
    showRooms();
  } catch {
    // the connection's own state says what is wrong
  }
}

let known: string[] = [];

byId("open-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const room = byId("room-name", HTMLInputElement).value.trim().replaceAll(/\s+/g, "-").normalize("NFC");
  if (!isRoomName(room)) {
    toast("A room's name has letters, digits and any of _ - . : @ + ~");
    return;
  }
  byId("room-name", HTMLInputElement).value = "";
  open(room);
});

export function showRooms(): void {
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && byId("rooms").contains(active) && active.dataset.room;
  const mine = now.account?.shown ?? [];
  const free = [...new Set([...places.keys(), ...known])].filter((room) => !isMade(room)).sort((a, b) => a.localeCompare(b));
  const groups: [string, HTMLElement[]][] = [
    ["Rooms", mine.filter(({ kind }) => kind !== "direct").map(mineItem)],
    ["Directs", mine.filter(({ kind }) => kind === "direct").map(mineItem)],
    ["Free rooms", free.map(freeItem)],
  ];
  const none = make("li", { className: "empty" }, "You are in no room yet. Make one, or look for open rooms.");
  const shown = now.account
    ? groups.filter(([, items]) => items.length).flatMap(([title, items]) => [make("li", { className: "group" }, title), ...items])
    : groups.flatMap(([, items]) => items);
  byId("rooms").replaceChildren(...(now.account?.hasStarted && !mine.length ? [none] : []), ...shown);
  if (focused) byId("rooms").querySelector<HTMLElement>(`[data-room="${focused}"]`)?.focus();
  const unread = mine.filter((row) => isUnread(row) && !isReading(row.room));
  const count = [...[...places.values()].map((place) => place.unread), ...unread.map((row) => forMe(row))].reduce(
    (sum, each) => sum + each,
    0,
  );
  document.title = `${count ? `(${count}) ` : unread.length ? "• " : ""}${harmless(titleOf(now.current))} – hubbub`;
  byId("menu-unread").hidden = !count && !unread.length;
}

function freeItem(room: string): HTMLElement {
  const count = places.get(room)?.unread;
  return roomItem(room, "#", room, count ? { count, of: "unread" } : undefined);
}

function mineItem(row: wire.MyRoom): HTMLElement {
  const title = now.account?.titleOf(row) ?? "";
  const sign =
    row.kind === "direct"
      ? avatar(
          title,
          row.people?.find((key) => key !== now.account?.key),
        )
      : row.kind === "open"
        ? "#"
        : "◆";
  const of = levelOf(row) === "all" ? "unread" : forMe(row) === 1 ? "mention" : "mentions";
  return roomItem(row.room, sign, title, isUnread(row) && !isReading(row.room) ? { count: forMe(row), of } : undefined);
}

/** A room in the sidebar. If it is unread, its title is bold, and there may be a badge with a number. */
function roomItem(room: string, sign: string | HTMLElement, title: string, unread?: { count: number; of: string }): HTMLElement {
  const button = make(
    "button",
    {
      type: "button",
      className: unread ? "unread" : "",
      onclick: () => open(room),
      attributes: { "data-room": room, ...(room === now.current && { "aria-current": "page" }) },
    },
    typeof sign === "string" ? make("span", { className: "hash", attributes: { "aria-hidden": "true" } }, sign) : sign,
    make("bdi", {}, harmless(title)),
  );
  if (unread?.count)
    button.append(
      make("span", { className: "badge" }, String(unread.count), make("span", { className: "visually-hidden" }, ` ${unread.of}`)),
    );
  else if (unread) button.append(make("span", { className: "visually-hidden" }, "unread"));
  return make("li", {}, button);
}

export const listed = new Map<string, string>(); // titles of open rooms of which one is no member

/** What a room is called. */
export function titleOf(room: string): string {
  if (!isMade(room)) return room;
  const row = now.account?.rooms.get(room);
  return row ? (now.account?.titleOf(row) ?? "") : (listed.get(room) ?? (places.get(room)?.refused ? "No such room" : "Room"));
}

export async function listOpenRooms(): Promise<void> {
  const rooms = await list<dialogs.Listed>("/directory", "rooms", "room").catch(() => []);
  for (const { room, title } of rooms) listed.set(room, title);
  showTitle();
}
