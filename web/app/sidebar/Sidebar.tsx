// The sidebar: the rooms that there are, what accounts can do beside them, and who one is.

import type { TargetedEvent } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { keysOf, spoken } from "../keys/table.ts";
import { aboutMe } from "../panels/AboutMe.tsx";
import { aboutDevice } from "../panels/Device.tsx";
import { carrier } from "../store/connection.ts";
import { identity, isRoomName, keptAccount, tokenOwner } from "../store/memory.ts";
import { nameOf, pictureOf } from "../store/names.ts";
import { open } from "../store/rooms.ts";
import { say } from "../store/screen.ts";
import { rename } from "../store/session.ts";
import { session } from "../store/state.ts";
import { showWindow } from "../store/windows.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { Logo } from "../ui/Logo.tsx";
import { Name } from "../ui/Text.tsx";
import { Rooms } from "./Rooms.tsx";

export const Sidebar = () => (
  <nav id="sidebar" aria-label={t.rooms}>
    <header>
      <Logo />
      <strong class="wordmark">{t.hubbub}</strong>
      {session.value && !session.value.account && <IconButton name="info" label={t.thisDevice} onClick={aboutDevice} />}
    </header>
    <GoTo />
    <Rooms />
    <OpenRoom />
    <p id="carrier" hidden={!carrier.value}>
      {carrier.value}
    </p>
    <Me />
  </nav>
);

/** Opens the switcher. */
const GoTo = () => (
  <button type="button" id="go-to" aria-keyshortcuts={spoken("switcher")} onClick={() => showWindow("switcher")}>
    <Icon name="search" />
    {t.goTo}
    <kbd>{keysOf("switcher")}</kbd>
  </button>
);

/** A field that opens a free room by its name. */
function OpenRoom() {
  const name = useRef<HTMLInputElement>(null);
  const label = session.value?.account ? t.openOrStartFree : t.openOrStart;
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!name.current) return;
    const room = name.current.value.trim().replaceAll(/\s+/g, "-").normalize("NFC");
    if (!isRoomName(room)) {
      say(t.roomNameRule);
      return;
    }
    name.current.value = "";
    open(room);
  };
  return (
    <form id="open-room" autocomplete="off" onSubmit={submit}>
      <label class="visually-hidden" for="room-name">
        {label}
      </label>
      <input id="room-name" ref={name} maxLength={64} placeholder={label} />
      <button type="submit" aria-label={t.openRoom} class="icon-button">
        <Icon name="plus" />
      </button>
    </form>
  );
}

/** Who one is, and what can be done about it. */
function Me() {
  const account = session.value?.account;
  const key = account?.key ?? (session.value?.token ? tokenOwner().name : (keptAccount() ?? identity().name ?? ""));
  const name = account?.hasStarted === false ? "" : nameOf(key);
  return (
    <footer>
      <Avatar who={key} picture={pictureOf(key)} />
      <Name id="my-name" text={name} />
      {account ? (
        <IconButton id="account" name="account" label={t.account} onClick={aboutMe} />
      ) : (
        <button id="rename" class="quiet" type="button" onClick={rename}>
          {t.changeName}
        </button>
      )}
    </footer>
  );
}
