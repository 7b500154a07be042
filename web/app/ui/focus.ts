// Who has the focus keeps it: it is only put elsewhere while it is where it was taken, or nowhere.

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** Whether nobody goes on elsewhere: the focus is in this element, or nowhere. */
export function isFree(root: Element | null | undefined): boolean {
  const now = document.activeElement;
  return !now || now === document.body || root?.contains(now) === true;
}

/** Begin with `take` when an element appears, which may put the focus into it, and give the focus back when it is gone. */
export function useFocusBack(root: RefObject<HTMLElement | null>, take: (element: HTMLElement) => void): void {
  const [before] = useState(() => document.activeElement); // before anything in the element takes the focus
  useLayoutEffect(() => {
    const element = root.current;
    if (element) take(element);
    return () => {
      const wasFree = isFree(element);
      element?.remove(); // what is under a window can't have the focus before
      if (wasFree && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}
