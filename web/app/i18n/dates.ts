// Dates and times as the browser's language writes them.

/** What writes dates; it is made when it is first needed, which takes milliseconds. */
function formatter(options: Intl.DateTimeFormatOptions): (at: string | number | Date) => string {
  let made: Intl.DateTimeFormat | undefined;
  return (at) => {
    made ??= new Intl.DateTimeFormat(undefined, options);
    return made.format(new Date(at));
  };
}

/** The same for all of a minute, as most messages are asked for one after another. */
function ofMinute(write: (at: string) => string): (at: string) => string {
  let minute = "";
  let written = "";
  return (at) => {
    const now = at.slice(0, "2000-01-01T00:00".length);
    if (now !== minute) [minute, written] = [now, write(at)];
    return written;
  };
}

const DAY = { weekday: "long", day: "numeric", month: "long" } as const;
const day = formatter(DAY);
const dayOfYear = formatter({ ...DAY, year: "numeric" });
const A_DAY = 86_400_000; // milliseconds

export const timeOf = ofMinute(formatter({ timeStyle: "short" }));
export const dateOf = formatter({ dateStyle: "medium" });
export const momentOf = formatter({ dateStyle: "medium", timeStyle: "medium" });
export const fullOf = formatter({ dateStyle: "full", timeStyle: "medium" });
const clock = formatter({ timeStyle: "medium" });
/** A time to the second, from seconds since 1970. */
export const clockOf = (seconds: number): string => clock(1000 * seconds);

/** What two times of one day share. */
export const dayKey = ofMinute((at) => new Date(at).toDateString());

/** A day as one says it: today, yesterday, or its date, with the year if it is another. */
export function dayOf(at: string, now = new Date()): string {
  const date = new Date(at);
  const days = Math.round((midnight(date) - midnight(now)) / A_DAY);
  if (days === 0 || days === -1) return capital(new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(days, "day"));
  return (date.getFullYear() === now.getFullYear() ? day : dayOfYear)(date);
}

const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

const capital = (words: string): string => words.charAt(0).toLocaleUpperCase() + words.slice(1);
