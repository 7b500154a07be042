// Where there is no pointer that could hover, a tap on a message brings its tools.

import { signal } from "@preact/signals";

/** The message whose tools are there. */
export const chosen = signal("");

export const keyOf = (room: string, seq: number): string => `${room} ${seq}`;

function keyAt(target: EventTarget | null): string {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-seq]") : null;
  return row ? keyOf(row.dataset.room ?? "", Number(row.dataset.seq)) : "";
}

/** A message in the log was clicked or tapped. */
function choose({ target }: Event): void {
  if (!(target instanceof Element) || target.closest("button, a, textarea") || matchMedia("(hover: hover)").matches) return;
  const key = keyAt(target);
  if (key) chosen.value = key === chosen.peek() ? "" : key;
}

document.addEventListener("click", choose);

document.addEventListener("pointerdown", ({ target }) => {
  if (keyAt(target) !== chosen.peek()) chosen.value = "";
});
