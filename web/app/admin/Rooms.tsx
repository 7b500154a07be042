// All rooms that people made, but directs, and what may be done about them.

import { a } from "../i18n/admin.ts";
import { becomeHost, madeRooms, type Room } from "../store/administering.ts";
import { archive, restore } from "../store/managing.ts";
import { open } from "../store/rooms.ts";
import { say } from "../store/screen.ts";
import { accountOf } from "../store/state.ts";
import { openConfirmation } from "../ui/Confirm.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Listing } from "./Listing.tsx";

export const Rooms = () => (
  <Listing<Room>
    page={(last) => madeRooms(last?.room ?? "")}
    words={({ title, topic, alias }) => `${title} ${topic} ${alias}`}
    none={a.noRooms}
    row={(room, again) => <Row key={room.room} room={room} again={again} />}
    above={() => <p class="hint">{a.roomsStay}</p>}
  />
);

function Row({ room, again }: { room: Room; again(): void }) {
  const { title, topic, kind, members, nth, archived_at } = room;
  const facts = [a.kinds[kind], archived_at && a.archived, a.members(members), a.messages(nth)];
  return (
    <li>
      <Icon name={kind === "open" ? "hash" : "lock"} />
      <span class="who">
        <Name text={title} />
        {topic && <small>{harmless(topic)}</small>}
      </span>
      <small class="facts">{facts.filter(Boolean).join(" · ")}</small>
      <Acts room={room} again={again} />
    </li>
  );
}

function Acts({ room: { room, title: name, kind, members, nth, archived_at }, again }: { room: Room; again(): void }) {
  const title = harmless(name);
  const account = accountOf();
  const isMine = account?.row(room) !== undefined;
  const isHost = account?.row(room)?.role === "host";
  const host = () =>
    openConfirmation({
      title: a.hostNamed(title),
      text: a.hostMeans(members),
      button: a.hostIt,
      danger: false,
      act: () => becomeHost(room, account?.key ?? "").then(again),
    });
  const ask = () =>
    openConfirmation({
      title: a.archiveNamed(title),
      text: a.archiveMeans(members, nth),
      button: a.archiveIt,
      act: () => archive(room).then(again),
    });
  return (
    <div class="buttons">
      {(isMine || kind === "open") && (
        <button type="button" aria-label={a.openNamed(title)} onClick={() => open(room)}>
          {a.open}
        </button>
      )}
      {!isHost && !archived_at && (
        <button type="button" aria-label={a.hostNamed(title)} onClick={host}>
          {a.host}
        </button>
      )}
      {archived_at ? (
        <button type="button" onClick={() => restore(room).then(again, (error: Error) => say(error.message))}>
          {a.restore}
        </button>
      ) : (
        <button type="button" aria-label={a.archiveNamed(title)} onClick={ask}>
          {a.archive}
        </button>
      )}
    </div>
  );
}
