// The messages by keyboard: up and down go from one to the next, and a letter does what its tool does.

import { GROUPS, is, type Name } from "../keys/table.ts";

/** What is done with a message; the button for it in the message's toolbar has this class. */
export type Does = Exclude<keyof typeof GROUPS.messages, "above" | "below">;

const ALL = (Object.keys(GROUPS.messages) as Name[]).filter((name) => name !== "above" && name !== "below");

const doneBy = (key: KeyboardEvent): Name | undefined => ALL.find((name) => is(name, key));

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
  if (is("above", key) || is("below", key)) step(scroller, row, key);
  else if (row === target && doneBy(key) && row.matches(":focus-visible")) {
    key.preventDefault();
    row.querySelector<HTMLElement>(`.tools .${doneBy(key)}`)?.click();
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
