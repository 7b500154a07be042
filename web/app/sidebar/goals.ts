// Where the switcher can go: rooms and directs, unread ones first, then those that were used last; and people to begin a direct with.

import { t } from "../i18n/index.ts";
import { isMade } from "../store/address.ts";
import { everyone } from "../store/names.ts";
import { isNew, roomsInOrder } from "../store/order.ts";
import { recent } from "../store/recent.ts";
import { listedRooms, titleOf } from "../store/rooms.ts";
import { accountOf, current } from "../store/state.ts";
import type { IconName } from "../ui/Icon.tsx";
import { ranked } from "../ui/rank.ts";

export interface Goal {
  key: string;
  room: string;
  /** The account to begin a direct with, if there is no room yet. */
  person?: string;
  title: string;
  hint: string;
  /** By what else it is found. */
  names: readonly string[];
  icon: IconName;
  /** Whose sign stands before it. */
  who?: string | undefined;
  isNew: boolean;
}

const MOST = 50;

/** What fits best to what is wanted; among goals that fit alike, unread ones first, then those used last. */
export function goalsFor(wanted: string): Goal[] {
  const used = new Map(recent("rooms").map((room, i) => [room, i]));
  const order = ({ room, isNew }: Goal) => (isNew ? -1 : room === current.value ? used.size + 1 : (used.get(room) ?? used.size));
  const rooms = roomsInOrder()
    .map(roomGoal)
    .sort((a, b) => order(a) - order(b));
  const all = [...rooms, ...openGoals(), ...peopleGoals()];
  return ranked(all, wanted.replace(/^[@#]/, ""), ({ title, names }) => [title, ...names], MOST);
}

function roomGoal(room: string): Goal {
  const account = accountOf();
  const row = account?.row(room);
  const others = row?.kind === "direct" ? (row.people ?? []).filter((key) => key !== account?.key) : [];
  const handles = everyone().flatMap(([key, { handle }]) => (others.includes(key) ? [handle] : []));
  return {
    key: room,
    room,
    title: titleOf(room),
    hint: row?.alias ? `#${row.alias}` : handles.length ? `@${handles.join(" @")}` : "",
    names: row?.alias ? [row.alias] : handles,
    icon: row && row.kind !== "open" ? "lock" : "hash",
    who: row?.kind === "direct" ? (others[0] ?? account?.key) : undefined,
    isNew: isNew(room),
  };
}

/** Open rooms that one is no member of. */
function openGoals(): Goal[] {
  const others = listedRooms().filter(({ room }) => isMade(room) && !accountOf()?.row(room));
  return others.map(({ room, title, alias = "" }) => ({
    key: room,
    room,
    title,
    hint: t.openRoomHint,
    names: [alias],
    icon: "hash",
    isNew: false,
  }));
}

/** People with whom one has no direct yet. */
function peopleGoals(): Goal[] {
  const account = accountOf();
  const known = new Set(
    account?.shown.filter(({ kind, people = [] }) => kind === "direct" && people.length < 3).flatMap(({ people }) => people ?? []),
  );
  return everyone()
    .filter(([key]) => account && key !== account.key && !known.has(key))
    .map(([key, { handle, name }]) => ({
      key,
      room: "",
      person: key,
      title: name,
      hint: `@${handle}`,
      names: [handle],
      icon: "pen",
      who: key,
      isNew: false,
    }));
}
