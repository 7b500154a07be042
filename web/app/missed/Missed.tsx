// What one has missed: in each room how much, and what matters most of it; each line leads to its place. It is loaded when it is opened.

import "../timeline/hit.css";
import "./missed.css";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { m } from "../i18n/missed.ts";
import { InPlace } from "../panels/InPlace.tsx";
import { closeMissed } from "../store/absence.ts";
import { findMissed, type MissedRoom, type MissedThread, missed, readAll, roomsMissed, threadsMissed } from "../store/missed.ts";
import { titleOf } from "../store/rooms.ts";
import { isConnected, session } from "../store/state.ts";
import { Lost } from "../ui/Asked.tsx";
import { isFree } from "../ui/focus.ts";
import { Empty } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { useSoon } from "../ui/useSoon.ts";
import { Line, showing } from "./Line.tsx";

const SOON = 500; // milliseconds

export function Missed() {
  const [why, setWhy] = useState("");
  const root = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (isFree(undefined)) root.current?.querySelector<HTMLElement>(".missed")?.focus();
  }, []);
  const fail = (error: Error) => setWhy(error.message);
  const find = () => findMissed().then(() => setWhy(""), fail);
  useLayoutEffect(() => {
    if (isConnected.value || !missed.peek()) find();
  }, [isConnected.value]);
  useNews(useSoon(SOON, () => isConnected.peek() && find()));
  const all = missed.value;
  return (
    <InPlace id="missed" title={t.whatYouMissed} root={root} close={closeMissed}>
      <section
        class="missed"
        aria-label={t.whatYouMissed}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
        tabIndex={0}
      >
        <Lost why={why} again={find} />
        {all ? <List readAll={() => readAll(all).catch(fail)} /> : !why && <Empty text={t.loading} />}
      </section>
    </InPlace>
  );
}

/** Do something when there may be news that only the server knows. */
function useNews(act: () => void): void {
  useRoomNews(act);
  useThreadNews(act);
}

/** In a room: the first of what is unread, a mention, or something was read or deleted. More of what is unread is known. */
function useRoomNews(act: () => void): void {
  const rows = [...(session.value?.account?.rooms.values() ?? [])].filter(({ unread, marked }) => unread || marked);
  const now = new Map(rows.map(({ room, unread = 0, mentions = 0 }) => [room, { unread, mentions }]));
  const before = useRef(now);
  useLayoutEffect(() => {
    if (isNews(before.current, now)) act();
    before.current = now;
  });
}

type Counts = ReadonlyMap<string, { unread: number; mentions: number }>;

const isNews = (before: Counts, now: Counts): boolean =>
  before.size !== now.size ||
  [...now].some(([room, { unread, mentions }]) => {
    const was = before.get(room);
    return !was || unread < was.unread || mentions !== was.mentions;
  });

/** In any thread. */
function useThreadNews(act: () => void): void {
  const changes = session.value?.account?.changesOf("thread") ?? 0;
  const before = useRef(changes);
  useLayoutEffect(() => {
    if (before.current !== changes) act();
    before.current = changes;
  }, [changes]);
}

function List({ readAll }: { readAll(): void }) {
  const all = missed.value;
  if (!all || !session.value?.account?.hasStarted) return null;
  const [rooms, threads] = [roomsMissed(all), threadsMissed(all)];
  if (!rooms.length && !threads.length) {
    return (
      <div class="nothing" role="status">
        <p>{m.nothing}</p>
        <p class="hint">{m.nothingMore}</p>
      </div>
    );
  }
  return (
    <>
      <button type="button" class="read-all" onClick={readAll}>
        {m.readAll}
      </button>
      {rooms.map((room) => (
        <InRoom key={room.room} of={room} />
      ))}
      {threads.length > 0 && (
        <section aria-labelledby="missed-threads">
          <h2 id="missed-threads">{m.threads}</h2>
          <ol>
            {threads.map((thread) => (
              <InThread key={thread.thread} of={thread} />
            ))}
          </ol>
        </section>
      )}
      {all.more && <p class="hint">{m.more}</p>}
    </>
  );
}

/** A room: how much there is, where it begins, who mentions you, and what has most reactions. */
function InRoom({ of: { room, unread, mentions, first, mentioned = [], reacted = [] } }: { of: MissedRoom }) {
  const title = harmless(titleOf(room));
  const called = new Set(mentioned.map(({ seq }) => seq));
  const liked = reacted.filter(({ seq }) => !called.has(seq) && seq !== first?.seq);
  return (
    <section aria-labelledby={`missed-${room}`}>
      <h2 id={`missed-${room}`}>
        <a {...showing(room, first?.seq ?? 0)}>
          <bdi>{title}</bdi>
        </a>
        <small>
          {m.unread(session.value?.account?.row(room)?.unread ?? unread)}
          {mentions > 0 && ` · ${m.mentions(mentions)}`}
        </small>
      </h2>
      <ol>
        {first && !called.has(first.seq) && <Line room={room} of={first} label={m.first} />}
        {mentioned.map((each) => (
          <Line key={each.seq} room={room} of={each} label={m.mentioned} isCalling />
        ))}
        {liked.map((each) => (
          <Line key={each.seq} room={room} of={each} label={m.reacted(each.reactions ?? 0)} />
        ))}
      </ol>
    </section>
  );
}

const InThread = ({ of: { thread, room, message, title = "", about, unread, mentions, at } }: { of: MissedThread }) => (
  <Line
    room={thread}
    of={{ seq: message, at, by: about?.by ?? "", text: title || about?.text || "" }}
    label={
      <>
        <bdi>{harmless(titleOf(room))}</bdi>
        {` · ${m.replies(unread ?? 0)}`}
      </>
    }
    isCalling={(mentions ?? 0) > 0}
  />
);
