// Something that many changes ask for is done once, a little later.

import { useLayoutEffect, useRef } from "preact/hooks";

/** What calls `act` once, so many milliseconds after the first of several calls, unless the component is gone by then. */
export function useSoon(ms: number, act: () => void): () => void {
  const timer = useRef<number | undefined>(undefined);
  useLayoutEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      act();
    }, ms);
  };
}
