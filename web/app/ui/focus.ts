// Who has the focus keeps it: it is only put elsewhere while it is where it was taken, or nowhere.

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** Whether nobody goes on elsewhere: the focus is in this element, or nowhere. */
export function isFree(root: Element | null | undefined): boolean {
  const now = document.activeElement;
  return !now || now === document.body || root?.contains(now) === true;
}

const CAN_HAVE_IT = "button, a[href], input, select, textarea, summary, [tabindex]";

/** An element and what it is in, from the inside. */
function pathOf(element: Element | null): Element[] {
  const path: Element[] = [];
  for (let at = element; at && at !== document.body; at = at.parentElement) path.push(at);
  return path;
}

/** Put the focus on an element; if that is gone, on the first that can have it in what it was in. */
function giveBack([before, ...around]: readonly Element[]): void {
  const place = around.find((each) => each.isConnected && each.querySelector(CAN_HAVE_IT));
  const found = before?.isConnected ? before : place?.querySelector(CAN_HAVE_IT);
  if (found instanceof HTMLElement) found.focus();
}

/** Begin with `take` when an element appears, which may put the focus into it, and give the focus back when it is gone. */
export function useFocusBack(root: RefObject<HTMLElement | null>, take: (element: HTMLElement) => void): void {
  const [before] = useState(() => pathOf(document.activeElement)); // before anything in the element takes the focus
  useLayoutEffect(() => {
    const element = root.current;
    if (element) take(element);
    return () => {
      const wasFree = isFree(element);
      element?.remove(); // what is under a window can't have the focus before
      if (!wasFree) return;
      giveBack(before);
      queueMicrotask(() => isFree(null) && giveBack(before)); // what was done in the window may have taken it away
    };
  }, []);
}
