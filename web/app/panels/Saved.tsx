// The messages that one has saved, the last one first.

import { t } from "../i18n/index.ts";
import { roomOf } from "../store/address.ts";
import { titleOf } from "../store/rooms.ts";
import { isDropped, type Saved as One, type SavedPage, savedBefore, saving, showMessage, unsave } from "../store/saved.ts";
import { say } from "../store/screen.ts";
import { isConnected, me } from "../store/state.ts";
import { Body } from "../timeline/Body.tsx";
import { MessageFiles } from "../timeline/MessageFiles.tsx";
import { GAP, Speaker, Time } from "../timeline/Row.tsx";
import { useAsked } from "../ui/Asked.tsx";
import { Empty } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

export function Saved() {
  const { found, change, fail, state } = useAsked(() => savedBefore(), [isConnected.value, saving.value]);
  if (!found) return state;
  const shown = found.saved.filter((each) => !isDropped(each));
  if (!shown.length && !found.more) return <Empty text={t.nothingSaved} />;
  const drop = ({ of }: One) =>
    unsave(of.room, of.message).then(
      () => change((now) => ({ ...now, saved: now.saved.filter((each) => each.of.room !== of.room || each.of.message !== of.message) })),
      (error: Error) => say(error.message),
    );
  const more = () => {
    const last = found.saved.at(-1)?.seq;
    const add = (next: SavedPage) =>
      change((now) => (now.saved.at(-1)?.seq === last ? { ...next, saved: [...now.saved, ...next.saved] } : now));
    savedBefore(last).then(add, fail);
  };
  return (
    <div class="scroller">
      <ol class="pins">
        {shown.map((each) => (
          <Row key={each.seq} saved={each} drop={() => drop(each)} />
        ))}
      </ol>
      {state}
      {found.more && (
        <button type="button" class="quiet" onClick={more}>
          {t.showMore}
        </button>
      )}
    </div>
  );
}

const Row = ({ saved: { of, message }, drop }: { saved: One; drop(): void }) => (
  <li>
    {message ? (
      <>
        <Speaker by={message.by} />
        <div class="said" dir="auto">
          <div class="body">
            <Body message={message} who={me().who} />
          </div>
          {GAP}
          <Time at={message.at} />
        </div>
        <MessageFiles of={message} />
      </>
    ) : (
      <p class="empty">{t.notForYou}</p>
    )}
    {message && (
      <button type="button" class="quiet" onClick={() => showMessage(of.room, of.message)}>
        {t.showIn(harmless(titleOf(roomOf(of.room))))}
      </button>
    )}
    <button type="button" class="quiet" onClick={drop}>
      {t.remove}
    </button>
  </li>
);
