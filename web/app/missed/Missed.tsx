// What one has missed: in each room how much, and what matters most of it; each line leads to its place. It is loaded when it is opened.

import "../timeline/hit.css";
import "./missed.css";
import { effect } from "@preact/signals";
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
  useNews(find);
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

/** Ask again, but not at each of many changes, for what only the server knows: another room or thread has something new, somebody calls, or something was read or deleted. */
function useNews(find: () => void): void {
  const account = session.value?.account;
  const rows = [...(account?.rooms.values() ?? [])].filter(({ unread, marked }) => unread || marked);
  const unread = new Map(rows.map((row) => [row.room, row.unread ?? 0]));
  const before = useRef({ unread, losses: 0 });
  const losses = before.current.losses + [...before.current.unread].filter(([room, n]) => n > (unread.get(room) ?? 0)).length;
  before.current = { unread, losses };
  const timer = useRef<number | undefined>(undefined);
  const findSoon = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      if (isConnected.peek()) find();
    }, SOON);
  };
  const known = `${losses} ${rows.map(({ room, mentions = 0 }) => room + mentions).sort()}`;
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (!isFirst.current) findSoon();
    isFirst.current = false;
  }, [known]);
  useLayoutEffect(() => {
    let isOld = false;
    const stop = effect(() => {
      account?.know("thread");
      if (isOld) findSoon();
      isOld = true;
    });
    return () => {
      stop();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [account]);
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

/** A room: how much there is, where it begins, who calls, and what has most reactions. */
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
