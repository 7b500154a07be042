// Where one is reading, kept while what is drawn changes. Positions are written nowhere else.

export const ROWS = ".log [data-seq]"; // the message that a thread is about is not in its log, and has a number of another one

export interface Reading {
  seq: string;
  /** How far below the scroller's upper edge it begins. */
  top: number;
}

/** The first message on the screen, and where it stands. */
export function measure(scroller: HTMLElement): Reading | undefined {
  const { top } = scroller.getBoundingClientRect();
  for (const item of scroller.querySelectorAll<HTMLElement>(ROWS)) {
    const box = item.getBoundingClientRect();
    if (box.bottom > top) return { seq: item.dataset.seq ?? "", top: box.top - top };
  }
  return undefined;
}

/** Put the message that was measured back where it stood. */
export function restore(scroller: HTMLElement, before: Reading | undefined): void {
  const item = before && scroller.querySelector(`${ROWS}[data-seq="${before.seq}"]`);
  if (item) scroller.scrollTop += item.getBoundingClientRect().top - scroller.getBoundingClientRect().top - before.top;
}

/**
 * Keeps one's place when the scroller, or what is in it, gets another size, whatever made it so: the end if one sees that, or else the first
 * message on the screen.
 */
export class Anchor {
  readonly #scroller: HTMLElement;
  readonly #isAtEnd: () => boolean;
  readonly #observer = new ResizeObserver(() => this.hold());
  #size = "";
  #reading: Reading | undefined;

  constructor(scroller: HTMLElement, content: HTMLElement, isAtEnd: () => boolean) {
    this.#scroller = scroller;
    this.#isAtEnd = isAtEnd;
    this.#observer.observe(scroller);
    this.#observer.observe(content);
  }

  /** One has scrolled, or something else is drawn: this is one's place from now on. */
  set(): void {
    this.#size = sizeOf(this.#scroller);
    this.#reading = this.#isAtEnd() ? undefined : measure(this.#scroller);
  }

  /** Go back to one's place if a size has changed. The browser may tell that one has scrolled before it tells the size. */
  hold(): void {
    if (sizeOf(this.#scroller) === this.#size) return;
    if (this.#isAtEnd()) showEnd(this.#scroller);
    else restore(this.#scroller, this.#reading);
    this.set();
  }

  end(): void {
    this.#observer.disconnect();
  }
}

const sizeOf = ({ clientWidth, clientHeight, scrollHeight }: HTMLElement): string => [clientWidth, clientHeight, scrollHeight].join();

export function showEnd(scroller: HTMLElement): void {
  scroller.scrollTop = scroller.scrollHeight;
}

/** How much there is above and below of what one sees. */
export function distance({ scrollTop, scrollHeight, clientHeight }: HTMLElement): { above: number; below: number } {
  return { above: scrollTop, below: scrollHeight - scrollTop - clientHeight };
}
