// Where one is reading, kept while what is drawn changes. Positions are written nowhere else.

const ROWS = ".log [data-seq]"; // the message that a thread is about is not in its log, and has a number of another one

export interface Reading {
  seq: string;
  top: number;
}

/** The first message on the screen, and how far down it stands. */
export function measure(scroller: HTMLElement): Reading | undefined {
  const { top } = scroller.getBoundingClientRect();
  for (const item of scroller.querySelectorAll<HTMLElement>(ROWS)) {
    const box = item.getBoundingClientRect();
    if (box.bottom > top) return { seq: item.dataset.seq ?? "", top: box.top };
  }
  return undefined;
}

/** Put the message that was measured back where it stood. */
export function restore(scroller: HTMLElement, before: Reading | undefined): void {
  const item = before && scroller.querySelector(`${ROWS}[data-seq="${before.seq}"]`);
  if (item) scroller.scrollTop += item.getBoundingClientRect().top - before.top;
}

export function showEnd(scroller: HTMLElement): void {
  scroller.scrollTop = scroller.scrollHeight;
}

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

/** How much there is above and below of what one sees. */
export function distance({ scrollTop, scrollHeight, clientHeight }: HTMLElement): { above: number; below: number } {
  return { above: scrollTop, below: scrollHeight - scrollTop - clientHeight };
}
