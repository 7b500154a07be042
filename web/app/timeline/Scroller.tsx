// The messages on the screen: where one scrolls. Only this and anchor.ts move it.

import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { loadNewer, loadOlder } from "../store/history.ts";
import { readOn } from "../store/reading.ts";
import { isApart, span, viewIn } from "../store/span.ts";
import { connection, current, placeOf } from "../store/state.ts";
import {
  atEnd,
  growDown,
  growUp,
  last,
  lineSought,
  linked,
  missed,
  size,
  toEnd,
  toEndAsked,
  toLineAsked,
  windowIn,
} from "../store/window.ts";
import { Anchor, distance, measure, restore, showEnd, showLine, showMessage } from "./anchor.ts";
import { pressAmong } from "./keys.ts";
import { Log } from "./Log.tsx";
import { Unsent } from "./Unsent.tsx";

const NEAR_END = 100; // pixels
const NEAR_BEGINNING = 300;

/** Near one of the window's ends, move it on. */
function move(scroller: HTMLElement): void {
  const room = current.peek();
  const view = viewIn(room);
  if (!view?.messages.size || lineSought.peek() === room) return;
  const window = windowIn(view);
  const { first, messages, count } = window;
  const { above, below } = distance(scroller);
  if (!messages.length)
    toEnd(); // one has read so long that what one read was let go of
  else if (above < NEAR_BEGINNING && first > 0) growUp(view, window);
  else if (above < NEAR_BEGINNING && view.more) loadOlder(room);
  else if (below < NEAR_BEGINNING && first + messages.length < count) growDown(view, window);
  else if (below < NEAR_BEGINNING && isApart()) loadNewer(room);
  else if (below < NEAR_BEGINNING && last.peek() !== Infinity) {
    last.value = Infinity;
    look(below);
  }
}

/** One may see the newest message, or no longer. */
function look(below: number): void {
  atEnd.value = last.peek() === Infinity && !isApart() && below < NEAR_END;
  if (atEnd.peek()) missed.value = 0;
  readOn();
}

function scrolled(scroller: HTMLElement): void {
  look(distance(scroller).below);
  move(scroller);
}

export function Scroller() {
  const ref = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const shownLink = useRef<number | undefined>(undefined);
  const shownLine = useRef(0);
  const room = current.value;
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
      scrolled(scroller);
    } else if (toLineAsked.peek() !== shownLine.current) {
      shownLine.current = toLineAsked.peek();
      showLine(scroller);
      scrolled(scroller);
    } else if (atEnd.peek()) showEnd(scroller);
    else restore(scroller, before);
    anchor.current?.set();
    move(scroller);
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
      id="scroller"
      ref={ref}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
      tabIndex={0}
      aria-label={t.conversation}
      onKeyDown={(key) => pressAmong(key.currentTarget, key)}
      onScroll={({ currentTarget }) => {
        anchor.current?.hold();
        scrolled(currentTarget);
        anchor.current?.set();
      }}
    >
      <div class="content" ref={content}>
        <Log key={room} room={room} label={t.messages} />
        <Unsent id="unsent" room={room} label={t.notYetSent} />
      </div>
    </section>
  );
}
