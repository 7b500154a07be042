// The messages by keyboard: up and down go from one to the next, and a letter does what its tool does.

/** What is done with a message; the button for it in the message's toolbar has this class. */
export type Does = "reply" | "thread" | "edit" | "pin" | "react" | "link" | "delete" | "more";

const KEYS: Record<Does, string> = { reply: "r", thread: "t", edit: "e", pin: "p", react: "+", link: "l", delete: "Delete", more: "m" };

export const keyFor = (does: Does): string => KEYS[does];

const doneBy = (key: string): string | undefined => Object.entries(KEYS).find(([, known]) => known === key)?.[0];

const rowsIn = (scroller: HTMLElement): HTMLElement[] => [...scroller.querySelectorAll<HTMLElement>("[data-seq]")];

/** The last message that one sees. */
function lastSeen(scroller: HTMLElement, rows: HTMLElement[]): HTMLElement | undefined {
  const { bottom } = scroller.getBoundingClientRect();
  return rows.findLast((row) => row.getBoundingClientRect().top < bottom);
}

/** A key was pressed among the messages. */
export function pressAmong(scroller: HTMLElement, key: KeyboardEvent): void {
  const target = key.target as HTMLElement;
  if (key.ctrlKey || key.metaKey || key.altKey || target.closest("textarea, input")) return;
  const row = target.closest<HTMLElement>("[data-seq]");
  if (key.key === "ArrowUp" || key.key === "ArrowDown") step(scroller, row, key);
  else if (row === target && doneBy(key.key) && row.matches(":focus-visible")) {
    key.preventDefault();
    row.querySelector<HTMLElement>(`.tools .${doneBy(key.key)}`)?.click();
  }
}

function step(scroller: HTMLElement, row: HTMLElement | null, key: KeyboardEvent): void {
  const rows = rowsIn(scroller);
  const next = row ? rows[rows.indexOf(row) + (key.key === "ArrowUp" ? -1 : 1)] : key.key === "ArrowUp" && lastSeen(scroller, rows);
  if (!next) return;
  key.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
