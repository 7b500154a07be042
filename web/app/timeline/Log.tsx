// The messages in the log: days, authors, and the messages of the window.

import { Fragment } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { dayKey, dayOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { isMade } from "../store/address.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { overlayOf, pinsIn } from "../store/sending.ts";
import { accountOf, isConnected, me, newFrom, placeOf } from "../store/state.ts";
import { main, type Pane } from "../store/window.ts";
import { isGrouped } from "./grouping.ts";
import { Row } from "./Row.tsx";

/** Where what is new to one begins. */
const NewLine = () => (
  <li class="newline">
    <span>{t.newLine}</span>
  </li>
);

const Day = ({ at }: { at: string }) => (
  <li class="day">
    <span>{dayOf(at)}</span>
  </li>
);

/** Where a room begins, and who can read it. */
const Beginning = ({ room }: { room: string }) => (
  <p id="beginning">
    {t.roomBegins} {t.whoReads[isMade(room) ? (accountOf()?.row(room)?.kind ?? "") : "free"]}
  </p>
);

/** The messages of a room, or of a thread. Only the room has a line above what is new. */
export function Log({ pane, room, label }: { pane: Pane; room: string; label: string }) {
  const place = placeOf(room);
  const isMain = pane === main;
  const from = isMain ? newFrom.value : Infinity;
  const isSought = pane.lineSought.value === room && isConnected.value;
  const view = place && place.version.value >= 0 && !isSought ? pane.view : undefined;
  const window = pane.windowIn(view);
  const { messages, first } = window;
  useLayoutEffect(() => pane.drew(window));
  const { who } = me();
  const pins = pinsIn(room);
  const shown = messages.map(overlayOf(room));
  const line = messages.find((message) => message.seq >= from && whoOf(message) !== who)?.seq;
  const days = messages.map(({ at }) => dayKey(at));
  const isDay = (i: number) => days[i] !== days[i - 1];
  return (
    <>
      {isMain && view && !view.more && first === 0 && <Beginning room={room} />}
      {!view && <Loading />}
      <div class="log" role="log" aria-label={label} aria-live="polite" aria-relevant="additions">
        <ol class="timeline">
          {messages.map((message, i) => (
            <Fragment key={message.seq}>
              {isDay(i) && <Day at={message.at} />}
              {message.seq === line && <NewLine />}
              <Row
                room={room}
                message={shown[i] as wire.Message}
                isUnsure={shown[i] !== message}
                thread={place?.threads.value.get(message.seq)}
                isPinned={pins.includes(message.seq)}
                isGrouped={message.seq !== line && !isDay(i) && isGrouped(message, messages[i - 1])}
                who={who}
                quoted={view?.messages.get(message.reply_to ?? 0)}
                isNew={message.seq >= from}
                isLinked={pane.linked.value === message.seq}
              />
            </Fragment>
          ))}
        </ol>
      </div>
    </>
  );
}

/** What stands for messages until they are there. */
const Loading = () => (
  <div class="skeleton">
    <p class="visually-hidden">{t.loading}</p>
    <span />
    <span />
    <span />
  </div>
);
