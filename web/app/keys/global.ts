// Keys that do something wherever one is on the page.

import { neighbour } from "../store/order.ts";
import { closePanel, panel } from "../store/panel.ts";
import { markRead } from "../store/reading.ts";
import { open } from "../store/rooms.ts";
import { screen } from "../store/screen.ts";
import { showWindow } from "../store/windows.ts";
import { is, type Name } from "./table.ts";

/** Go to a room beside the one that is open. */
function go(step: 1 | -1, onlyUnread: boolean): void {
  const room = neighbour(step, onlyUnread);
  if (room !== undefined) open(room);
}

/** Close what is open beside the room, or else mark the room as read. */
function closeOrRead(): void {
  if (panel.peek()) closePanel();
  else markRead();
}

const DOES: Partial<Record<Name, () => void>> = {
  switcher: () => showWindow("switcher"),
  help: () => showWindow("help"),
  previousRoom: () => go(-1, false),
  nextRoom: () => go(1, false),
  previousUnread: () => go(-1, true),
  nextUnread: () => go(1, true),
  close: closeOrRead,
};

/** Something is to be closed by Escape before the room is marked as read. */
const isBusy = ({ target }: KeyboardEvent): boolean =>
  document.querySelector("dialog[open]") !== null ||
  (target instanceof Element && target.closest("#sidebar, .tools.open, .members, #open-room") !== null);

export function press(key: KeyboardEvent): void {
  if (key.defaultPrevented || key.isComposing || screen.peek().kind !== "app" || isBusy(key)) return;
  const name = (Object.keys(DOES) as Name[]).find((each) => is(each, key));
  if (!name) return;
  key.preventDefault();
  DOES[name]?.();
}
