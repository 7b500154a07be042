// The messages on the screen, of a room or of a thread: where one scrolls. Only this, anchor.ts and going.ts move it.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { loadNewer, loadOlder } from "../store/history.ts";
import { readOn } from "../store/reading.ts";
import { connection, placeOf } from "../store/state.ts";
import type { Pane } from "../store/window.ts";
import { Anchor, distance, measure, restore, showEnd } from "./anchor.ts";
import { showLine, showMessage } from "./going.ts";
import { pressAmong } from "./keys.ts";
import { Log } from "./Log.tsx";
import { Unsent } from "./Unsent.tsx";

const NEAR_BEGINNING = 300; // pixels

/** Near one of the window's ends, move it on. */
function move(pane: Pane, scroller: HTMLElement): void {
  const room = pane.room.peek();
  const { view, last } = pane;
  if (!view?.messages.size || pane.lineSought.peek() === room) return;
  const window = pane.windowIn(view);
  const { first, messages, count } = window;
  const { above, below } = distance(scroller);
  if (!messages.length)
    pane.toEnd(); // one has read so long that what one read was let go of
  else if (above < NEAR_BEGINNING && first > 0) pane.growUp(view, window);
  else if (above < NEAR_BEGINNING && view.more) loadOlder(room);
  else if (below < NEAR_BEGINNING && first + messages.length < count) pane.growDown(view, window);
  else if (below < NEAR_BEGINNING && pane.isApart) loadNewer(room);
  else if (below < NEAR_BEGINNING && last.peek() !== Infinity) {
    last.value = Infinity;
    look(pane, below);
  }
}

/** One may see the newest message, or no longer. */
function look(pane: Pane, below: number): void {
  pane.looked(below);
  readOn();
}

function scrolled(pane: Pane, scroller: HTMLElement): void {
  look(pane, distance(scroller).below);
  move(pane, scroller);
}

interface ScrollerProps {
  pane: Pane;
  id?: string;
  label: string;
  /** What the messages in it are called. */
  log: string;
  /** The id of those that are not yet sent. */
  unsent?: string;
  /** What stands above the messages. */
  children?: ComponentChildren;
}

export function Scroller({ pane, id, label, log, unsent, children }: ScrollerProps) {
  const ref = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const shownLink = useRef<number | undefined>(undefined);
  const shownLine = useRef(0);
  const { last, size, span, linked, atEnd, toEndAsked, toLineAsked } = pane;
  const room = pane.room.value;
  const place = placeOf(room);
  // Whatever changes what is drawn is read here, so that each change passes through the effect below.
  const drawn = [
    ...[room, place?.version.value, last.value, size.value, span.value],
    ...[linked.value, toEndAsked.value, toLineAsked.value],
    connection.value.state, // what could not be had without one is asked for now
  ];
  const before = ref.current && !atEnd.peek() ? measure(ref.current) : undefined; // the page is still as it was
  useLayoutEffect(() => {
    const scroller = ref.current;
    if (!scroller) return;
    if (linked.peek() === undefined) shownLink.current = undefined;
    if (linked.peek() !== shownLink.current) {
      shownLink.current = linked.peek();
      showMessage(scroller, linked.peek());
      scrolled(pane, scroller);
    } else if (toLineAsked.peek() !== shownLine.current) {
      shownLine.current = toLineAsked.peek();
      showLine(scroller);
      scrolled(pane, scroller);
    } else if (atEnd.peek()) showEnd(scroller);
    else restore(scroller, before);
    anchor.current?.set();
    move(pane, scroller);
  }, drawn);
  useLayoutEffect(() => {
    const scroller = ref.current;
    if (!scroller || !content.current) return undefined;
    const made = new Anchor(scroller, content.current, () => atEnd.peek());
    anchor.current = made;
    return () => made.end();
  }, []);
  return (
    <section
      id={id}
      class="scroller"
      ref={ref}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
      tabIndex={0}
      aria-label={label}
      onKeyDown={(key) => pressAmong(key.currentTarget, key)}
      onScroll={({ currentTarget }) => {
        anchor.current?.hold();
        scrolled(pane, currentTarget);
        anchor.current?.set();
      }}
    >
      <div class="content" ref={content}>
        {children}
        <Log key={room} pane={pane} room={room} label={log} />
        <Unsent id={unsent} room={room} label={t.notYetSent} />
      </div>
    </section>
  );
}
