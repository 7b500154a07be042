// Going to a place in a log, for anchor.ts to keep.

import { ROWS, showEnd } from "./anchor.ts";

/** Show the line above what is new, with some of what was before; or the end, if nothing is. */
export function showLine(scroller: HTMLElement): void {
  const line = scroller.querySelector(".newline");
  if (line) line.scrollIntoView({ block: "start" });
  else showEnd(scroller);
}

/** Show a message in the middle, and put the focus on it. */
export function showMessage(scroller: HTMLElement, seq: number | undefined): void {
  const item = scroller.querySelector<HTMLElement>(`${ROWS}[data-seq="${seq}"]`);
  item?.focus({ preventScroll: true });
  item?.scrollIntoView({ block: "center" });
}
