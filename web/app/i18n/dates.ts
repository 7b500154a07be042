// Dates and times as the browser's language writes them.

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const A_DAY = 86_400_000; // milliseconds

export const timeOf = (at: string): string => TIME.format(new Date(at));
export const dateOf = (at: string): string => DATE.format(new Date(at));
export const momentOf = (at: string): string => MOMENT.format(new Date(at));
/** A time to the second, from seconds since 1970. */
export const clockOf = (seconds: number): string => CLOCK.format(new Date(1000 * seconds));
export const fullOf = (at: string): string => FULL.format(new Date(at));

/** What two times of one day share. */
export const dayKey = (at: string): string => new Date(at).toDateString();

/** A day as one says it: today, yesterday, or its date, with the year if it is another. */
export function dayOf(at: string, now = new Date()): string {
  const date = new Date(at);
  const days = Math.round((midnight(date) - midnight(now)) / A_DAY);
  if (days === 0 || days === -1) return capital(RELATIVE.format(days, "day"));
  return (date.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(date);
}

const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

const capital = (words: string): string => words.charAt(0).toLocaleUpperCase() + words.slice(1);
