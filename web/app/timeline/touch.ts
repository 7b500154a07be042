// Where there is no pointer that could hover, a tap on a message brings its tools.

import { signal } from "@preact/signals";

/** The message whose tools are there. */
export const chosen = signal<number | undefined>(undefined);

const seqOf = (target: EventTarget | null): number | undefined => {
  const seq = target instanceof Element && target.closest<HTMLElement>(".message")?.dataset.seq;
  return seq ? Number(seq) : undefined;
};

/** A message in the log was clicked or tapped. */
function choose({ target }: Event): void {
  if (!(target instanceof Element) || target.closest("button, a, textarea") || matchMedia("(hover: hover)").matches) return;
  const seq = seqOf(target);
  if (seq !== undefined) chosen.value = seq === chosen.peek() ? undefined : seq;
}

document.addEventListener("click", choose);

document.addEventListener("pointerdown", ({ target }) => {
  if (seqOf(target) !== chosen.peek()) chosen.value = undefined;
});
