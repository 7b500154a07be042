// A thread: the message that it is about, the replies, and where one writes another.

import { useLayoutEffect, useRef } from "preact/hooks";
import { Composer } from "../composer/Composer.tsx";
import { Drop } from "../composer/Drop.tsx";
import { t } from "../i18n/index.ts";
import { getRoot, loadOlder, rootIn } from "../store/history.ts";
import { outbox } from "../store/outbox.ts";
import { readThread } from "../store/reading.ts";
import { overlayOf } from "../store/sending.ts";
import { connection, isVisible, me, placeOf } from "../store/state.ts";
import { Anchor, distance, measure, restore, showEnd, showMessage } from "../timeline/anchor.ts";
import { pressAmong } from "../timeline/keys.ts";
import { Log } from "../timeline/Log.tsx";
import { Row } from "../timeline/Row.tsx";
import { Unsent } from "../timeline/Unsent.tsx";

const NEAR_END = 100; // pixels

interface ThreadProps {
  room: string;
  seq: number;
  thread: string;
  /** The one that is to be shown. */
  reply: number | undefined;
}

export function Thread({ room, seq, thread, reply }: ThreadProps) {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const place = placeOf(thread);
  const version = place?.version.value;
  const sent = outbox.value.findLast((each) => each.room === thread && each.command.do === "post")?.client_message_id;
  const sought = useRef({ reply, isShown: false, sent });
  const isAtEnd = useRef(true);
  const before = scroller.current && !isAtEnd.current ? measure(scroller.current) : undefined; // it is still as it was
  useLayoutEffect(() => {
    const { current } = sought;
    if (current.sent !== sent) current.reply = undefined; // one has written something, and wants to see it
    if (current.sent !== sent) isAtEnd.current = true;
    current.sent = sent;
    const isSought = current.reply !== undefined && !current.isShown;
    if (scroller.current && isSought) current.isShown = seekReply(scroller.current, thread, current.reply);
    else if (scroller.current && before && !isAtEnd.current) restore(scroller.current, before);
    else if (scroller.current && current.reply === undefined) showEnd(scroller.current);
    anchor.current?.set();
    readThread(thread);
  }, [version, sent, isVisible.value, connection.value.state]);
  useLayoutEffect(() => {
    if (!scroller.current || !content.current) return undefined;
    const made = new Anchor(scroller.current, content.current, () => isAtEnd.current);
    anchor.current = made;
    return () => made.end();
  }, []);
  const isEnded = placeOf(room)?.threads.value.get(seq)?.ended_at !== undefined;
  return (
    <Drop room={thread}>
      <section
        class="scroller"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
        tabIndex={0}
        aria-label={t.threadMessages}
        onKeyDown={(key) => pressAmong(key.currentTarget, key)}
        onScroll={({ currentTarget }) => {
          anchor.current?.hold();
          isAtEnd.current = distance(currentTarget).below < NEAR_END;
          anchor.current?.set();
        }}
      >
        <div ref={content}>
          <Root room={room} seq={seq} />
          {place?.view?.more && (
            <button type="button" class="quiet" onClick={() => loadOlder(thread)}>
              {t.earlier}
            </button>
          )}
          {place?.view && !place.view.messages.size && <p class="empty">{t.noReplies}</p>}
          {place?.refused.value && <p class="empty">{place.refused.value.message}</p>}
          <Log room={thread} label={t.threadMessages} />
          <Unsent room={thread} label={t.notYetSent} />
        </div>
      </section>
      {isEnded || place?.refused.value ? (
        <p class="empty">{isEnded ? t.threadEnded : ""}</p>
      ) : (
        <Composer room={thread} id="thread-composer" label={t.replyToThread} placeholder={t.replyToThread} sends={t.sendReply} />
      )}
    </Drop>
  );
}

/** Show a reply, or get those before that are there if it is not. Returns whether it is shown. */
function seekReply(scroller: HTMLElement, thread: string, reply: number | undefined): boolean {
  const view = placeOf(thread)?.view;
  if (view?.messages.has(reply ?? 0)) {
    showMessage(scroller, reply);
    return true;
  }
  showEnd(scroller);
  if (view?.more) loadOlder(thread); // this is called again when they have come
  return false;
}

/** The message that a thread is about. */
function Root({ room, seq }: { room: string; seq: number }) {
  const place = placeOf(room);
  const message = place && place.version.value >= 0 ? rootIn(room, seq) : undefined;
  const isMissing = place?.room !== undefined && !message;
  useLayoutEffect(() => {
    if (isMissing) getRoot(room, seq);
  }, [room, seq, isMissing]);
  if (!message) return null;
  const shown = overlayOf(room)(message);
  return (
    <ol class="timeline root">
      <Row
        room={room}
        message={shown}
        isUnsure={shown !== message}
        thread={undefined}
        isPinned={false}
        follows={false}
        who={me().who}
        quoted={place?.view?.messages.get(message.reply_to ?? 0)}
        isNew={false}
        isLinked={false}
      />
    </ol>
  );
}
