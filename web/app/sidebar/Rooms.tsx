// The list of rooms: those of an account, its directs, and the free ones.

import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";
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
import { pictureAt, pictureOf } from "../store/names.ts";
import { stateOf } from "../store/presence.ts";
import { isReading } from "../store/reading.ts";
import { freeRooms, open } from "../store/rooms.ts";
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
  const items = useItems(account);
  const rooms = items.filter(({ other }) => !other);
  const directs = items.filter(({ other }) => other);
  const free = freeRooms();
  const isEmpty = account.hasStarted && !items.length;
  return (
    <ul id="rooms">
      <li class="group">{t.rooms}</li>
      {isEmpty && <li class="empty">{t.inNoRoom}</li>}
      {rooms.map((item) => (
        <Item key={item.room} {...item} />
      ))}
      <Act icon="plus" text={t.newRoom} onClick={newRoom} />
      <Act icon="compass" text={t.openRooms} onClick={openRooms} />
      <li class="group">{t.directs}</li>
      {directs.map((item) => (
        <Item key={item.room} {...item} />
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
  return <Item room={room} title={room} icon="hash" isUnread={count > 0} count={count} of={t.unread} />;
}

/** What the list shows of the rooms of an account: it is drawn anew only if that is something else than before. */
function useItems(account: Account): readonly ItemProps[] {
  const before = useRef<readonly ItemProps[]>([]);
  return useComputed(() => {
    const now = account.shown.map((row) => shownOf(account, row));
    const isSame = now.length === before.current.length && now.every((item, i) => isAlike(item, before.current[i]));
    if (!isSame) before.current = now;
    return before.current;
  }).value;
}

const isAlike = (one: ItemProps, other: ItemProps | undefined): boolean =>
  (Object.keys(one) as (keyof ItemProps)[]).every((key) => one[key] === other?.[key]);

/** What the list shows of a room of one's own. */
function shownOf(account: Account, row: wire.MyRoom): ItemProps {
  const of = levelOf(row) === "all" ? t.unread : t.mentions(forMe(row));
  return {
    room: row.room,
    title: account.titleOf(row),
    icon: row.kind === "open" ? "hash" : "lock",
    picture: pictureAt(row.avatar),
    isUnread: isUnread(row) && !isReading(row.room),
    count: forMe(row),
    of,
    other: row.kind === "direct" ? (row.people?.find((key) => key !== account.key) ?? account.key) : "",
  };
}

interface ItemProps {
  room: string;
  title: string;
  icon: IconName;
  picture?: string | undefined;
  /** Whether its title is bold, and there may be a badge. */
  isUnread: boolean;
  /** How many messages the badge counts, and of which sort. */
  count: number;
  of: string;
  /** Who is at the other end of a direct. */
  other?: string;
}

function Item({ room, title, icon, picture, isUnread, count, of, other }: ItemProps) {
  const isCurrent = useComputed(() => room === current.value && !instead.value).value;
  return (
    <li>
      <button
        type="button"
        class={isUnread ? "unread" : ""}
        data-room={room}
        aria-current={isCurrent ? "page" : undefined}
        title={other && t.presence[stateOf(other) ?? ""]}
        onClick={() => open(room)}
      >
        {other ? (
          <Avatar who={other} state={stateOf(other)} picture={pictureOf(other)} />
        ) : (
          <RoomSign room={room} icon={icon} picture={picture} />
        )}
        <Name text={title} />
        {isUnread && <Badge count={count} of={of} />}
      </button>
    </li>
  );
}

const Badge = ({ count, of }: { count: number; of: string }) =>
  count ? (
    <span class="badge">
      {count}
      <span class="visually-hidden"> {of}</span>
    </span>
  ) : (
    <span class="visually-hidden">{t.unread}</span>
  );
