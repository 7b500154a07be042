// The room that is shown: its head, its messages, and where one writes, or what one can do instead.

import { signal } from "@preact/signals";
import { Composer } from "../composer/Composer.tsx";
import { Drop } from "../composer/Drop.tsx";
import { focusComposer } from "../composer/focus.ts";
import { t } from "../i18n/index.ts";
import { absentSince, openMissed } from "../store/absence.ts";
import { isMade } from "../store/address.ts";
import { isUnread } from "../store/badges.ts";
import { banner } from "../store/connection.ts";
import { joinCurrent } from "../store/doing.ts";
import { nameOf } from "../store/names.ts";
import { readersIn } from "../store/reading.ts";
import { titleOf } from "../store/rooms.ts";
import { logIn, retry } from "../store/session.ts";
import { current, placeOf, session } from "../store/state.ts";
import { main } from "../store/window.ts";
import { showWindow } from "../store/windows.ts";
import { Pill } from "../timeline/Pill.tsx";
import { Scroller } from "../timeline/Scroller.tsx";
import { harmless } from "../ui/text.ts";
import { wordsOfTrouble } from "./Device.tsx";
import { Head } from "./Head.tsx";
import { Newer } from "./Newer.tsx";
import { openRooms } from "./OpenRooms.tsx";

const MOST_NAMED = 3; // of those who are typing, or have read

export const Room = () => (
  <main id="room">
    <Head />
    <div id="banners">
      <Banner />
      <Trouble />
      <WhileAway />
      <Newer />
    </div>
    <Inside />
  </main>
);

/** The messages, and where one writes; or why there is nothing to be seen. */
function Inside() {
  const refused = placeOf(current.value)?.refused.value;
  if (refused) return <NoRoom why={refused.message} />;
  return (
    <Drop room={current.value}>
      <Scroller pane={main} id="scroller" label={t.conversation} log={t.messages} unsent="unsent" />
      <Pill pane={main} id="pill" />
      <Beneath />
      <Writing />
    </Drop>
  );
}

/** A room that one may not see, or that is not there: which of both, nobody is told. */
const NoRoom = ({ why }: { why: string }) => (
  <section id="no-room" aria-label={t.noSuchRoom}>
    <p>{`${why}.`}</p>
    <p class="hint">{t.noSuchRoomMeans}</p>
    {session.value?.account ? (
      <div class="ways">
        <button type="button" class="primary" onClick={openRooms}>
          {t.openRooms}
        </button>
        <button type="button" onClick={() => showWindow("switcher")}>
          {t.goTo}
        </button>
      </div>
    ) : (
      <div class="ways">
        <button type="button" class="primary" onClick={() => logIn()}>
          {t.logIn}
        </button>
      </div>
    )}
  </section>
);

const Banner = () => (
  <div id="banner" class="banner" role="status" hidden={!banner.value}>
    <span>{banner.value}</span>
    <button type="button" onClick={retry}>
      {t.tryAgain}
    </button>
  </div>
);

/** Says that this device keeps nothing, until somebody has read that. */
function Trouble() {
  const words = wordsOfTrouble();
  return (
    <div class="banner" role="status" hidden={!words || hasRead.value === words}>
      <span>{words}</span>
      <button type="button" onClick={() => (hasRead.value = words)}>
        {t.understood}
      </button>
    </div>
  );
}

const hasRead = signal("");

/** Offers what one has missed, once one comes back after a long time. */
function WhileAway() {
  const account = session.value?.account;
  const rows = absentSince.value && account?.me ? account.shown.filter((row) => isUnread(row)) : [];
  if (!rows.length) return null;
  return (
    <div class="banner" role="status">
      <span>
        {t.whileAway(
          rows.reduce((sum, { unread }) => sum + unread, 0),
          rows.length,
        )}
      </span>
      <button type="button" onClick={openMissed}>
        {t.showMissed}
      </button>
      <button type="button" onClick={() => (absentSince.value = undefined)}>
        {t.notNow}
      </button>
    </div>
  );
}

/** Who is typing, or else who has read what I wrote last. */
function Beneath() {
  const typing = placeOf(current.value)?.typing.value;
  const names = [...(typing?.values() ?? [])].map(({ by }) => harmless(nameOf(by))).slice(0, MOST_NAMED);
  return (
    <p id="beneath" aria-live="off">
      {names.length ? t.typing(names) : readers()}
    </p>
  );
}

function readers(): string {
  const keys = main.atEnd.value ? readersIn(current.value) : [];
  const names = keys.slice(0, MOST_NAMED).map((by) => harmless(nameOf(by)));
  return names.length ? t.readBy(names, keys.length - names.length) : "";
}

interface Instead {
  words: string;
  button?: string;
  act?(): void;
}

/** Where one can't write: why, and what one can do instead. */
function instead(): Instead | undefined {
  const room = current.value;
  const account = session.value?.account;
  const row = account?.row(room);
  if (row?.archived_at) return { words: t.archived };
  if (account?.hasStarted && isMade(room) && !row)
    return { words: t.notInRoom, button: t.join, act: () => joinCurrent().then(() => focusComposer(room)) };
  return undefined;
}

function Writing() {
  const other = instead();
  const room = current.value;
  if (!other) {
    const placeholder = room && t.writeMessage(harmless(titleOf(room)));
    return <Composer key={room} room={room} id="composer" label={t.message} placeholder={placeholder} sends={t.send} />;
  }
  return (
    <div id="instead">
      <span>{other.words}</span>
      {other.button && (
        <button type="button" class="primary" onClick={other.act}>
          {other.button}
        </button>
      )}
    </div>
  );
}
