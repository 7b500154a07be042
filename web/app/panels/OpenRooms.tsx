// Look for open rooms, and join them.

import { t } from "../i18n/index.ts";
import type { Listed } from "../store/aliases.ts";
import { join } from "../store/doing.ts";
import { pictureAt } from "../store/names.ts";
import { listOpenRooms, open } from "../store/rooms.ts";
import { accountOf, isConnected } from "../store/state.ts";
import { useAsked } from "../ui/Asked.tsx";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { RoomSign } from "../ui/RoomSign.tsx";
import { Empty, Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { newRoom } from "./NewRoom.tsx";

export const openRooms = (): void => openDialog(<OpenRooms />);

function enter(room: string): void {
  closeDialog();
  open(room);
}

const byTitle = async (): Promise<Listed[]> => (await listOpenRooms()).sort((a, b) => a.title.localeCompare(b.title));

function OpenRooms() {
  const { found: rooms, fail, state } = useAsked(byTitle, [isConnected.value]);
  const enterNew = (room: string) => join(room).then(() => enter(room), fail);
  return (
    <Dialog title={t.openRooms}>
      <div aria-live="polite">
        {state}
        {rooms?.length === 0 && (
          <>
            <Empty text={t.noOpenRooms} />
            <button type="button" class="primary" onClick={newRoom}>
              {t.newRoom}
            </button>
          </>
        )}
        {rooms && rooms.length > 0 && (
          <ul class="people">
            {rooms.map((each) => (
              <Found key={each.room} room={each} join={enterNew} />
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}

const Found = ({ room: { room, title, topic, avatar, members }, join }: { room: Listed; join(room: string): void }) => (
  <li>
    <RoomSign room={room} icon="hash" picture={pictureAt(avatar)} />
    <span class="who">
      <Name text={title} />
      <small>{harmless(topic) || t.members(members)}</small>
    </span>
    <button type="button" class="quiet" aria-label={t.openNamed(title)} onClick={() => enter(room)}>
      {t.open}
    </button>
    {accountOf()?.rooms.has(room) ? (
      <small>{t.joined}</small>
    ) : (
      <button type="button" class="primary" aria-label={t.joinNamed(title)} onClick={() => join(room)}>
        {t.join}
      </button>
    )}
  </li>
);
