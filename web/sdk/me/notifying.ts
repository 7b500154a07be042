// Whether an account is to be notified of something new in a room or a thread: the rule of the protocol.

import type { MyChange, MyRoom, MyThread } from "./changes.ts";
import type { Mine } from "./mine.ts";

interface Quiet {
  until?: number;
  weekly?: { days: string[]; from: string; to: string }[];
}

/** Whether a change is worth a notification. Times are in seconds since 1970. */
export function shouldNotify(mine: Mine, change: MyChange, now: number): boolean {
  if (!/^(room_(moved|read)|thread_(moved|read|added))$/.test(change.change)) return false;
  const { before, by, ...of } = { before: NOTHING, by: undefined, ...change } as Told;
  const row = "room" in of ? of.room : of.thread;
  const around = "room" in of ? undefined : mine.rooms.get(of.thread.room);
  const author = change.change === "thread_added" ? change.thread.people[0] : by;
  const level = levelOf(row, around);
  const isMentioned = row.mentions > before.mentions;
  if (!isMentioned && (row.unread <= before.unread || level === "mentions")) return false;
  if (level === "none" || (author !== undefined && (author === mine.account || mine.blocked.has(author)))) return false;
  return now >= Math.max(row.muted_until, around?.muted_until ?? 0) && !isQuiet(mine, now);
}

const NOTHING = { unread: 0, mentions: 0 };
type Told = ({ room: MyRoom } | { thread: MyThread }) & { before: typeof NOTHING; by: string | undefined };

/** What an account is told of a room, or of a thread that it follows: one is as silent as the room that it is in. */
function levelOf(row: MyRoom | MyThread, around: MyRoom | undefined): string {
  if (row.level) return row.level;
  if ("kind" in row) return row.kind === "direct" ? "all" : "mentions";
  return around?.level === "none" ? "none" : "all";
}

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
