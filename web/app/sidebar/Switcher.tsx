// The switcher: goes to a room, a direct or a person by a few letters of the name.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { create } from "../store/doing.ts";
import { pictureOf } from "../store/names.ts";
import { listOpenRooms, open, pictureOfRoom } from "../store/rooms.ts";
import { accountOf } from "../store/state.ts";
import { closeWindow } from "../store/windows.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Option } from "../ui/Option.tsx";
import { RoomSign } from "../ui/RoomSign.tsx";
import { Empty, Name, Why } from "../ui/Text.tsx";
import { type Goal, goalsFor } from "./goals.ts";

export function Switcher() {
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState(0);
  const [why, setWhy] = useState("");
  const found = goalsFor(wanted);
  const at = Math.min(chosen, found.length - 1);
  useLayoutEffect(() => {
    if (accountOf()) listOpenRooms().catch(() => {}); // without it one finds only one's own rooms
  }, []);
  const go = async ({ room, person }: Goal) => {
    try {
      if (person) await create({ kind: "direct", who: [person] });
      else open(room);
      closeWindow();
    } catch (error) {
      setWhy((error as Error).message);
    }
  };
  const press = (key: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    const goal = found[at];
    if (key.isComposing || (!step && key.key !== "Enter")) return;
    key.preventDefault();
    if (step && found.length) setChosen((at + step + found.length) % found.length);
    else if (!step && goal) go(goal);
  };
  return (
    <Dialog title={t.goTo} onClose={closeWindow} className="switcher">
      <input
        type="text"
        role="combobox"
        autofocus
        autocomplete="off"
        aria-label={t.roomsAndPeople}
        placeholder={t.roomsAndPeople}
        aria-expanded={found.length > 0}
        aria-autocomplete="list"
        aria-controls="goals"
        aria-activedescendant={found.length ? `goal-${at}` : undefined}
        onInput={({ currentTarget }) => {
          setWanted(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <Why text={why} />
      <div id="goals" role="listbox" aria-label={t.roomsAndPeople} hidden={!found.length}>
        {found.map((goal, i) => (
          <Option key={goal.key} id={`goal-${i}`} isChosen={i === at} take={() => go(goal)}>
            {goal.who ? (
              <Avatar who={goal.who} picture={pictureOf(goal.who)} />
            ) : (
              <RoomSign room={goal.room} icon={goal.icon} picture={pictureOfRoom(goal.room)} />
            )}
            <span class={goal.isNew ? "name unread" : "name"}>
              <Name text={goal.title} />
              {goal.isNew && <span class="visually-hidden"> {t.unread}</span>}
            </span>
            <small>
              <Name text={goal.hint} />
            </small>
          </Option>
        ))}
      </div>
      {!found.length && <Empty text={t.nothingFound} />}
    </Dialog>
  );
}
