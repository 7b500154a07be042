// Which message one points at, by mouse, touch or keyboard: only that one has tools, so that all others stay light.

import { signal } from "@preact/signals";

export const keyOf = (room: string, seq: number): string => `${room} ${seq}`;

const hovered = signal("");

/** The message on which the focus is. */
const focused = signal("");

/** Where there is no pointer that could hover, a tap on a message chooses it. */
export const chosen = signal("");

/** The choice that stands in the place of a message's tools until it is made. */
export const opened = signal<{ key: string; what: "emoji" | "delete" | "more" } | undefined>(undefined);

export const hasTools = (key: string): boolean => [hovered.value, focused.value, chosen.value, opened.value?.key].includes(key);

function keyAt(target: EventTarget | null): string {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-seq]") : null;
  return row ? keyOf(row.dataset.room ?? "", Number(row.dataset.seq)) : "";
}

// Messages that move under a mouse at rest get no tools before it moves as well: in a busy room there would be others with each frame.
document.addEventListener("pointerover", ({ target }) => {
  if (keyAt(target) !== hovered.peek()) hovered.value = "";
});

document.addEventListener("pointermove", ({ target, pointerType }) => {
  if (pointerType === "mouse") hovered.value = keyAt(target);
});

document.addEventListener("focusin", ({ target }) => {
  focused.value = target instanceof Element && target.matches(":focus-visible") ? keyAt(target) : "";
});

document.addEventListener("focusout", ({ relatedTarget }) => {
  if (!relatedTarget) focused.value = "";
});

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element) || target.closest("button, a, textarea") || matchMedia("(hover: hover)").matches) return;
  const key = keyAt(target);
  if (key) chosen.value = key === chosen.peek() ? "" : key;
});

document.addEventListener("pointerdown", ({ target }) => {
  if (keyAt(target) !== chosen.peek()) chosen.value = "";
  const isInTools = target instanceof Element && target.closest(".tools.open");
  if (!isInTools) opened.value = undefined;
});
