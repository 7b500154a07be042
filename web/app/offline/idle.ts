// Work that can wait until nothing else is to be done.

/** Do something soon, when the page is idle; some browsers don't say when. */
export const whenIdle = (act: () => void): void => {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 200);
};
