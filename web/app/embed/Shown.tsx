// What an embedded room shows: its messages, how the connection is, and where one writes.

import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { dayKey, dayOf, fullOf, timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import type { Embedded } from "../store/embedded.ts";
import type { Entry, wire } from "../store/sdk.ts";
import { Written } from "../timeline/Written.tsx";
import { Avatar, hueOf } from "../ui/Avatar.tsx";
import { isComposing } from "../ui/Grow.tsx";
import { Empty, Name } from "../ui/Text.tsx";

const NEAR = 60; // pixels from the end, within which what is new is shown
const TYPING_EVERY = 3000; // milliseconds

export function Shown({ of: room, heading }: { of: Embedded | undefined; heading: string }) {
  if (!room)
    return (
      <section class="room" aria-label={t.room}>
        <p class="status">{t.embedNames}</p>
      </section>
    );
  return (
    <section class="room" lang={t.language} dir={t.direction} aria-label={heading || t.room}>
      {heading && (
        <h2>
          <Name text={heading} />
        </h2>
      )}
      <Messages of={room} />
      <Connection of={room} />
      {!room.refused.value && <Writing of={room} />}
    </section>
  );
}

/** Without a connection, that there is none; and why one is not let in. */
function Connection({ of: room }: { of: Embedded }) {
  const refused = room.refused.value;
  const { state } = room.status.value;
  const words = refused ? `${refused}.` : room.hasStarted && state !== "connected" ? t.trying : "";
  return (
    <p class={refused ? "status why" : "status"} role="status">
      {words}
    </p>
  );
}

function Messages({ of: room }: { of: Embedded }) {
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const before = useRef({ height: 0, top: 0 });
  const version = room.version.value;
  const unsent = room.unsent.value;
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && isAtEnd.current) box.scrollTop = box.scrollHeight;
  }, [version, unsent]);
  const scroll = ({ currentTarget: box }: TargetedEvent<HTMLDivElement>) => {
    isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  };
  const older = async () => {
    const box = scroller.current;
    if (!box) return;
    before.current = { height: box.scrollHeight, top: box.scrollTop };
    await room.older();
    box.scrollTop = before.current.top + box.scrollHeight - before.current.height; // so that nothing moves
  };
  const messages = room.messages;
  return (
    <div
      class="scroller"
      ref={scroller}
      onScroll={scroll}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
      tabIndex={0}
    >
      {!room.hasStarted && !room.refused.value && <Empty text={t.loading} />}
      {room.hasStarted && !messages.length && !unsent.length && <Empty text={t.nothingYet} />}
      {room.more && (
        <button type="button" class="quiet" onClick={older}>
          {t.earlierMessages}
        </button>
      )}
      <div role="log" aria-label={t.messages}>
        <ol>
          {messages.map((message, i) => (
            <Row key={message.seq} of={room} message={message} before={messages[i - 1]} />
          ))}
          {unsent.map((entry) => (
            <Unsent key={entry.post.client_message_id} of={room} entry={entry} />
          ))}
        </ol>
      </div>
    </div>
  );
}

interface RowProps {
  of: Embedded;
  message: wire.Message;
  before: wire.Message | undefined;
}

function Row({ of: room, message, before }: RowProps) {
  const name = room.nameOf(message.by) ?? t.someone;
  const isNewDay = dayKey(message.at) !== dayKey(before?.at ?? "");
  const follows = !isNewDay && before?.by === message.by && before.id === message.id;
  return (
    <>
      {isNewDay && <li class="day">{dayOf(message.at)}</li>}
      <li class={["message", room.isMine(message) && "mine", follows && "follows"].filter(Boolean).join(" ")}>
        {!follows && (
          <p class={`by ${hueOf(message.by)}`}>
            <Avatar who={message.by} />
            <Name text={name} />
            <time dateTime={message.at} title={fullOf(message.at)}>
              {timeOf(message.at)}
            </time>
          </p>
        )}
        <div class="body" dir="auto">
          {message.deleted ? <em>{t.deleted}</em> : message.text === undefined ? <em>{t.binaryQuote}</em> : <Written text={message.text} />}
          {message.edited_at && !message.deleted && <small> {t.edited}</small>}
        </div>
      </li>
    </>
  );
}

/** What is not yet in the log, or was refused. */
function Unsent({ of: room, entry: { post, state, error } }: { of: Embedded; entry: Entry }) {
  const id = post.client_message_id ?? "";
  return (
    <li class={state === "refused" ? "message unsent refused" : "message unsent"}>
      <div class="body" dir="auto">
        <Written text={post.text ?? ""} />
      </div>
      {state === "refused" ? (
        <p class="why" role="alert">
          {t.notSent(error?.message ?? "")}
          <button type="button" onClick={() => room.retry(id)}>
            {t.retry}
          </button>
          <button type="button" onClick={() => room.discard(id)}>
            {t.discard}
          </button>
        </p>
      ) : (
        state !== "stored" && <small>{t.sending}</small>
      )}
    </li>
  );
}

function Writing({ of: room }: { of: Embedded }) {
  const [text, setText] = useState("");
  const toldAt = useRef(0);
  const send = () => {
    if (!text.trim()) return;
    room.send(text.trim());
    setText("");
  };
  const write = (written: string) => {
    setText(written);
    if (!written || Date.now() - toldAt.current < TYPING_EVERY) return;
    toldAt.current = Date.now();
    room.typing();
  };
  const press = (key: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (key.key !== "Enter" || key.shiftKey || isComposing(key)) return;
    key.preventDefault();
    send();
  };
  return (
    <form
      class="writing"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        rows={2}
        dir="auto"
        aria-label={t.message}
        placeholder={t.writeHere}
        value={text}
        onInput={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={press}
      />
      <button type="submit" class="primary">
        {t.send}
      </button>
    </form>
  );
}
