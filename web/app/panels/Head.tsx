// The head of a room: its title, who is here, and what else there is to know.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { keysOf, spoken } from "../keys/table.ts";
import { cameFrom } from "../store/instead.ts";
import { nameOf, pictureOf } from "../store/names.ts";
import { openAbout, openPins } from "../store/panel.ts";
import { pictureOfRoom, titleOf, topicOf } from "../store/rooms.ts";
import { canSearch, openSearch } from "../store/seeking.ts";
import { pinsIn } from "../store/sending.ts";
import { current, placeOf, session } from "../store/state.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { IconButton } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Menu } from "./Menu.tsx";

export function Head() {
  const room = current.value;
  const isMine = session.value?.account?.row(room) !== undefined;
  return (
    <header>
      <Menu />
      {cameFrom.value && <IconButton id="back" name="back" label={t.backTo[cameFrom.value]} onClick={() => history.back()} />}
      {pictureOfRoom(room) && <Avatar who={room} picture={pictureOfRoom(room)} />}
      <h1 id="title" dir="auto">
        {harmless(titleOf(room))}
      </h1>
      <p class="topic" dir="auto">
        {harmless(topicOf(room))}
      </p>
      <Members key={room} />
      {pinsIn(room).length > 0 && <IconButton name="pin" label={t.pinnedMessages} onClick={openPins} />}
      {canSearch() && (
        <IconButton
          id="search-here"
          name="search"
          label={t.searchHere}
          shortcut={{ shown: keysOf("search").join(", "), spoken: spoken("search") }}
          onClick={() => openSearch()}
        />
      )}
      {isMine && <IconButton id="details" name="info" label={t.details} onClick={openAbout} />}
    </header>
  );
}

/** How many people are here, and their names if one asks. */
function Members() {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    const away = (event: Event) => {
      const isInside = event instanceof PointerEvent && root.current?.contains(event.target as Node);
      const isOther = event instanceof KeyboardEvent && event.key !== "Escape";
      if (!isInside && !isOther) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", away);
    };
  }, [isOpen]);
  const here = placeOf(current.value)?.here.value ?? { people: new Map<string, string>(), count: 0 };
  const named = [...here.people.values()].map((by) => ({ by, name: nameOf(by) })).sort((a, b) => a.name.localeCompare(b.name));
  return (
    <div class="members" ref={root} hidden={!here.count}>
      <button id="members" class="quiet" type="button" aria-expanded={isOpen} aria-controls="member-list" onClick={() => setOpen(!isOpen)}>
        {t.peopleHere(here.count)}
      </button>
      <ul id="member-list" hidden={!isOpen} aria-label={t.whoIsHere}>
        {named.map(({ by, name }) => (
          <li key={by}>
            <Avatar who={by} picture={pictureOf(by)} />
            <Name text={name} />
          </li>
        ))}
      </ul>
    </div>
  );
}
