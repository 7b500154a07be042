// A thread: the message that it is about, the replies, and where one writes another.

import { useLayoutEffect } from "preact/hooks";
import { Composer } from "../composer/Composer.tsx";
import { Drop } from "../composer/Drop.tsx";
import { t } from "../i18n/index.ts";
import { getRoot, rootIn } from "../store/history.ts";
import { readThread } from "../store/reading.ts";
import { overlayOf } from "../store/sending.ts";
import { isVisible, me, placeOf } from "../store/state.ts";
import { side } from "../store/window.ts";
import { Pill } from "../timeline/Pill.tsx";
import { Row } from "../timeline/Row.tsx";
import { Scroller } from "../timeline/Scroller.tsx";

interface ThreadProps {
  room: string;
  seq: number;
  thread: string;
}

export function Thread({ room, seq, thread }: ThreadProps) {
  const place = placeOf(thread);
  useLayoutEffect(() => readThread(thread), [place?.version.value, isVisible.value]);
  const isEnded = placeOf(room)?.threads.value.get(seq)?.ended_at !== undefined;
  return (
    <Drop room={thread}>
      <Scroller pane={side} label={t.threadMessages} log={t.threadMessages}>
        <Root room={room} seq={seq} />
        {place?.view && !place.view.messages.size && <p class="empty">{t.noReplies}</p>}
        {place?.refused.value && <p class="empty">{place.refused.value.message}</p>}
      </Scroller>
      <Pill pane={side} />
      {isEnded || place?.refused.value ? (
        <p class="empty">{isEnded ? t.threadEnded : ""}</p>
      ) : (
        <Composer room={thread} id="thread-composer" label={t.replyToThread} placeholder={t.replyToThread} sends={t.sendReply} />
      )}
    </Drop>
  );
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
        isGrouped={false}
        who={me().who}
        quoted={place?.view?.messages.get(message.reply_to ?? 0)}
        isNew={false}
        isLinked={false}
      />
    </ol>
  );
}
