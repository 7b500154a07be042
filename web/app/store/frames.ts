// Changes of rooms are shown at once, but no more than once a frame: a burst of events is drawn together.

import { batch } from "@preact/signals";

const HIDDEN = 100; // milliseconds; a page that can't be seen has no frames

let isWaiting = false;
const stale = new Set<() => void>();

/** Show a change now, or with the next frame if one was shown in this one. */
export function show(change: () => void): void {
  if (isWaiting) stale.add(change);
  else {
    change();
    wait();
  }
}

/** A way to show a change now, or after a pause if it was shown within one: for what nobody follows event by event. */
export function seldom(change: () => void, pause: number): () => void {
  let isPausing = false;
  let isStale = false;
  const now = () => {
    isPausing = true;
    isStale = false;
    show(change);
    setTimeout(() => {
      isPausing = false;
      if (isStale) now();
    }, pause);
  };
  return () => {
    if (isPausing) isStale = true;
    else now();
  };
}

function wait(): void {
  isWaiting = true;
  if (document.hidden) setTimeout(next, HIDDEN);
  else requestAnimationFrame(next);
}

function next(): void {
  isWaiting = false;
  if (!stale.size) return;
  const changes = [...stale];
  stale.clear();
  batch(() => {
    for (const change of changes) change();
  });
  wait();
}
