// Whether an account is to be notified of something new in a room: the rule of the protocol.

import type { MyChange, MyRoom, MyThread } from "./changes.ts";
import type { Mine } from "./mine.ts";

interface Quiet {
  until?: number;
  weekly?: { days: string[]; from: string; to: string }[];
}

/** Whether a change is worth a notification. Times are in seconds since 1970. */
export function shouldNotify(mine: Mine, change: MyChange, now: number): boolean {
  if (!/^(room|thread)_(moved|read)$/.test(change.change)) return false;
  const { before, ...of } = change as (MyChange & { change: "room_moved" }) | (MyChange & { change: "thread_moved" });
  const room = "room" in of ? of.room : of.thread;
  const isMentioned = room.mentions > before.mentions;
  const { by } = of;
  if (!isMentioned && (room.unread <= before.unread || levelOf(room) === "mentions")) return false;
  if (levelOf(room) === "none" || (by !== undefined && (by === mine.account || mine.blocked.has(by)))) return false;
  return now >= room.muted_until && !isQuiet(mine, now);
}

const levelOf = (row: MyRoom | MyThread): string => row.level || ("kind" in row && row.kind === "direct" ? "all" : "mentions");

/** Whether an account is not to be disturbed, by its setting `quiet` and the clock of its time zone. */
export function isQuiet(mine: Mine, now: number): boolean {
  const { until = 0, weekly = [] } = (mine.preferences.get("quiet") ?? {}) as Quiet;
  if (now < until) return true;
  const [today, clock] = local(now, mine.person.time_zone);
  const [yesterday] = local(now - 86_400, mine.person.time_zone, today);
  return weekly.some(({ days, from, to }) => {
    const isToday = days.includes(today) && clock >= from;
    return from < to ? isToday && clock < to : isToday || (days.includes(yesterday) && clock < to);
  });
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** The day and the time that a clock shows; or the day before another one, since not every day has 24 hours. */
function local(now: number, zone: string, after?: string): [string, string] {
  if (after) return [DAYS[(DAYS.indexOf(after) + 6) % 7] as string, ""];
  const format = (timeZone: string) =>
    new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = format(zone || "UTC").formatToParts(now * 1000);
  } catch {
    parts = format("UTC").formatToParts(now * 1000); // the zone is unknown here
  }
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return [part("weekday").toLowerCase(), `${part("hour")}:${part("minute")}`];
}
