// What an embedded room shows: its messages, a thread over them, how the connection is, and where one writes.

import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import type { Embedded, Log } from "../store/embedded.ts";
import { EmojiSource } from "../timeline/EmojiText.tsx";
import { Name } from "../ui/Text.tsx";
import { Messages } from "./Messages.tsx";
import { Writing } from "./Writing.tsx";

export function Shown({ of: room, heading }: { of: Embedded | undefined; heading: string }) {
  if (!room)
    return (
      <section class="room" aria-label={t.room}>
        <p class="status">{t.embedNames}</p>
      </section>
    );
  return (
    <EmojiSource.Provider value={room.emoji}>
      <Room of={room} heading={heading} />
    </EmojiSource.Provider>
  );
}

function Room({ of: room, heading }: { of: Embedded; heading: string }) {
  const pane = useRef<HTMLDivElement>(null);
  const thread = room.thread.value;
  const before = useRef(thread);
  useLayoutEffect(() => {
    const left = thread ? undefined : before.current;
    before.current = thread;
    if (left) pane.current?.querySelector<HTMLElement>(`[data-seq="${left.seq}"]`)?.focus({ preventScroll: true });
  }, [thread]);
  return (
    <section class="room" lang={t.language} dir={t.direction} aria-label={heading || t.room}>
      <div class="pane" ref={pane} inert={thread !== undefined}>
        {heading && (
          <h2>
            <Name text={heading} />
          </h2>
        )}
        <Messages of={room} log={room.log} label={t.messages} nothing={t.nothingYet} earlier={t.earlierMessages} />
        {!room.log.lost.value && <Writing of={room} log={room.log} label={t.message} placeholder={t.writeHere} sends={t.send} />}
      </div>
      {thread && <Thread key={thread.seq} of={room} seq={thread.seq} log={thread.log} />}
      <State of={room} log={thread?.log ?? room.log} />
    </section>
  );
}

/** Without a connection, that there is none; and what was refused. */
function State({ of: room, log }: { of: Embedded; log: Log }) {
  const refused = log.lost.value || log.refused.value;
  const { state } = room.status.value;
  const words = refused ? `${refused}.` : room.log.hasStarted && state !== "connected" ? t.trying : "";
  return (
    <p class={refused ? "status why" : "status"} role="status">
      {words}
    </p>
  );
}

/** The thread of a message, over the room. */
function Thread({ of: room, seq, log }: { of: Embedded; seq: number; log: Log }) {
  const root = room.log.version.value >= 0 ? room.log.messages.find((each) => each.seq === seq) : undefined;
  const isEnded = room.log.threadOf(seq)?.ended_at !== undefined;
  return (
    <section
      class="pane thread"
      aria-label={t.thread}
      onKeyDown={(key) => {
        if (key.key === "Escape") room.closeThread();
      }}
    >
      <h2>
        {t.thread}
        <button type="button" class="quiet" onClick={() => room.closeThread()}>
          {t.backToRoom}
        </button>
      </h2>
      <Messages of={room} log={log} label={t.threadMessages} nothing={t.noReplies} earlier={t.earlier} root={root} />
      {isEnded && <p class="status">{t.threadEnded}</p>}
      {!isEnded && !log.lost.value && (
        <Writing of={room} log={log} label={t.replyToThread} placeholder={t.replyToThread} sends={t.sendReply} isFirst />
      )}
    </section>
  );
}
