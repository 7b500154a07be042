// The messages of an embedded room, or of a thread there: it stays at the end while one is there, and older ones come on demand.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import type { Embedded, Log } from "../store/embedded.ts";
import type { wire } from "../store/sdk.ts";
import { Anchor, distance } from "../timeline/anchor.ts";
import { Empty } from "../ui/Text.tsx";
import { Row, Unsent } from "./Row.tsx";

const NEAR = 60; // pixels from the end, within which what is new is shown

interface MessagesProps {
  of: Embedded;
  log: Log;
  label: string;
  /** What is said where nothing has been written yet. */
  nothing: string;
  earlier: string;
  /** The message that a thread is about, in the log of the room. */
  root?: wire.Message | undefined;
}

export function Messages({ of: room, log, label, nothing, earlier, root }: MessagesProps) {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const isAtEnd = useRef(true);
  const [at, setAt] = useState(0);
  const version = log.version.value;
  const unsent = room.unsentIn(log);
  useLayoutEffect(() => anchor.current?.hold(), [version, unsent.length]);
  useLayoutEffect(() => {
    if (!scroller.current || !content.current) return undefined;
    const made = new Anchor(scroller.current, content.current, () => isAtEnd.current);
    anchor.current = made;
    return () => made.end();
  }, []);
  const { messages } = log;
  const row = (message: wire.Message, before?: wire.Message, isRoot = false) => {
    const within = isRoot ? room.log : log;
    return <Row key={message.seq} of={room} log={within} message={message} before={before} isAt={message.seq === at} isRoot={isRoot} />;
  };
  return (
    <section
      class="scroller"
      aria-label={label}
      ref={scroller}
      onScroll={({ currentTarget }) => {
        anchor.current?.hold();
        isAtEnd.current = distance(currentTarget).below < NEAR;
        anchor.current?.set();
      }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
      tabIndex={0}
      onKeyDown={step}
      onFocusIn={({ target }) => setAt(Number((target as HTMLElement).closest("[data-seq]")?.getAttribute("data-seq")))}
    >
      <div ref={content}>
        {!log.hasStarted && !log.lost.value && <Empty text={t.loading} />}
        {root && <ol class="root">{row(root, undefined, true)}</ol>}
        {log.hasStarted && !messages.length && !unsent.length && <Empty text={nothing} />}
        {log.more && (
          <button type="button" class="quiet" onClick={() => log.older()}>
            {earlier}
          </button>
        )}
        <div class="log" role="log" aria-label={label}>
          <ol>
            {messages.map((message, i) => row(message, messages[i - 1]))}
            {unsent.map((each) => (
              <Unsent key={each.id} of={room} message={each} />
            ))}
          </ol>
        </div>
      </div>
    </section>
  );
}

/** Up and down go from one message to the next, the last one first; what is done with it follows in the order of the Tab key. */
function step(key: KeyboardEvent): void {
  const way = { ArrowUp: -1, ArrowDown: 1 }[key.key];
  const [scroller, target] = [key.currentTarget as HTMLElement, key.target as HTMLElement];
  if (!way || key.ctrlKey || key.metaKey || key.altKey) return;
  const rows = [...scroller.querySelectorAll<HTMLElement>("[data-seq]")];
  const from = rows.indexOf(target.closest<HTMLElement>("[data-seq]") as HTMLElement);
  const next = from < 0 ? way < 0 && rows.at(-1) : rows[from + way];
  if (!next) return;
  key.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
