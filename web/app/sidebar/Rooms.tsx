// The list of rooms: those of an account, its directs, and the free ones.

import { t } from "../i18n/index.ts";
import { inviteToServer, useRolesToInvite } from "../panels/InviteToServer.tsx";
import { newDirect } from "../panels/NewDirect.tsx";
import { newRoom } from "../panels/NewRoom.tsx";
import { openRooms } from "../panels/OpenRooms.tsx";
import { openMissed } from "../store/absence.ts";
import type { Account } from "../store/account.ts";
import { isAdmin, openAdmin } from "../store/admin.ts";
import { forMe, isUnread, levelOf } from "../store/badges.ts";
import { instead } from "../store/instead.ts";
import { pictureOf } from "../store/names.ts";
import { stateOf } from "../store/presence.ts";
import { isReading } from "../store/reading.ts";
import { freeRooms, open, pictureOfRoom } from "../store/rooms.ts";
import { openSaved } from "../store/saved.ts";
import type { wire } from "../store/sdk.ts";
import { openSearch } from "../store/seeking.ts";
import { current, places, session } from "../store/state.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { RoomSign } from "../ui/RoomSign.tsx";
import { Name } from "../ui/Text.tsx";

export function Rooms() {
  const account = session.value?.account;
  if (account) return <OfAccount account={account} />;
  return (
    <ul id="rooms">
      {freeRooms().map((room) => (
        <FreeRoom key={room} room={room} />
      ))}
    </ul>
  );
}

function OfAccount({ account }: { account: Account }) {
  const { shown } = account;
  const rooms = shown.filter(({ kind }) => kind !== "direct");
  const directs = shown.filter(({ kind }) => kind === "direct");
  const free = freeRooms();
  const isEmpty = account.hasStarted && !shown.length;
  return (
    <ul id="rooms">
      <li class="group">{t.rooms}</li>
      {isEmpty && <li class="empty">{t.inNoRoom}</li>}
      {rooms.map((row) => (
        <Item key={row.room} {...shownOf(account, row)} />
      ))}
      <Act icon="plus" text={t.newRoom} onClick={newRoom} />
      <Act icon="search" text={t.openRooms} onClick={openRooms} />
      <li class="group">{t.directs}</li>
      {directs.map((row) => (
        <Item key={row.room} {...shownOf(account, row)} />
      ))}
      <Act icon="pen" text={t.writeTo} onClick={newDirect} />
      <Act icon="search" text={t.searchMessages} onClick={() => openSearch("")} isCurrent={instead.value?.kind === "search"} isApart />
      <Act icon="bell" text={t.whatYouMissed} onClick={openMissed} isCurrent={instead.value?.kind === "missed"} />
      <Act icon="bookmark" text={t.savedMessages} onClick={openSaved} />
      <Invite key={account.key} role={account.role} />
      {isAdmin(account.role) && (
        <Act icon="tools" text={t.administration} onClick={() => openAdmin("people")} isCurrent={instead.value?.kind === "admin"} />
      )}
      {free.length > 0 && <li class="group">{t.freeRooms}</li>}
      {free.map((room) => (
        <FreeRoom key={room} room={room} />
      ))}
    </ul>
  );
}

interface ActProps {
  icon: IconName;
  text: string;
  onClick(): void;
  isCurrent?: boolean;
  /** Whether it begins another group. */
  isApart?: boolean;
}

/** What one can do beside the rooms. */
const Act = ({ icon, text, onClick, isCurrent, isApart }: ActProps) => (
  <li class={isApart ? "apart" : undefined}>
    <button type="button" class="act" aria-current={isCurrent ? "page" : undefined} onClick={onClick}>
      <Icon name={icon} />
      {text}
    </button>
  </li>
);

/** Inviting people to the server, for those who may, which depends on their role. */
function Invite({ role }: { role: string }) {
  const roles = useRolesToInvite(role);
  return roles.length ? <Act icon="invite" text={t.invite} onClick={() => inviteToServer(roles)} /> : null;
}

function FreeRoom({ room }: { room: string }) {
  const count = places.get(room)?.unread.value ?? 0;
  return <Item room={room} title={room} icon="hash" unread={count ? { count, of: t.unread } : undefined} />;
}

/** What the list shows of a room of one's own. */
function shownOf(account: Account, row: wire.MyRoom): ItemProps {
  const of = levelOf(row) === "all" ? t.unread : t.mentions(forMe(row));
  return {
    room: row.room,
    title: account.titleOf(row),
    icon: row.kind === "open" ? "hash" : "lock",
    unread: isUnread(row) && !isReading(row.room) ? { count: forMe(row), of } : undefined,
    other: row.kind === "direct" ? (row.people?.find((key) => key !== account.key) ?? account.key) : "",
  };
}

interface ItemProps {
  room: string;
  title: string;
  icon: IconName;
  /** How many messages there are, and of which sort. If it is unread, its title is bold, and there may be a badge. */
  unread: { count: number; of: string } | undefined;
  /** Who is at the other end of a direct. */
  other?: string;
}

const Item = ({ room, title, icon, unread, other }: ItemProps) => (
  <li>
    <button
      type="button"
      class={unread ? "unread" : ""}
      data-room={room}
      aria-current={room === current.value && !instead.value ? "page" : undefined}
      title={other && t.presence[stateOf(other) ?? ""]}
      onClick={() => open(room)}
    >
      {other ? (
        <Avatar who={other} state={stateOf(other)} picture={pictureOf(other)} />
      ) : (
        <RoomSign room={room} icon={icon} picture={pictureOfRoom(room)} />
      )}
      <Name text={title} />
      {unread && <Badge {...unread} />}
    </button>
  </li>
);

const Badge = ({ count, of }: { count: number; of: string }) =>
  count ? (
    <span class="badge">
      {count}
      <span class="visually-hidden"> {of}</span>
    </span>
  ) : (
    <span class="visually-hidden">{t.unread}</span>
  );
