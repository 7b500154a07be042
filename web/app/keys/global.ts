// Keys that do something wherever one is on the page.

import { closeMissed } from "../store/absence.ts";
import { instead } from "../store/instead.ts";
import { neighbour } from "../store/order.ts";
import { closePanel, panel } from "../store/panel.ts";
import { markRead } from "../store/reading.ts";
import { open } from "../store/rooms.ts";
import { screen } from "../store/screen.ts";
import { canSearch, closeSearch, openSearch } from "../store/seeking.ts";
import { showWindow } from "../store/windows.ts";
import { is, type Name } from "./table.ts";

/** Go to a room beside the one that is open. */
function go(step: 1 | -1, onlyUnread: boolean): void {
  const room = neighbour(step, onlyUnread);
  if (room !== undefined) open(room);
}

/** Close what is open beside the room, or in its place, or else mark the room as read. */
function closeOrRead(): void {
  const shown = instead.peek()?.kind;
  if (shown === "search") closeSearch();
  else if (shown === "missed") closeMissed();
  else if (panel.peek()) closePanel();
  else if (!shown) markRead();
}

const DOES: Partial<Record<Name, () => void>> = {
  switcher: () => showWindow("switcher"),
  search: () => openSearch(),
  help: () => showWindow("help"),
  previousRoom: () => go(-1, false),
  nextRoom: () => go(1, false),
  previousUnread: () => go(-1, true),
  nextUnread: () => go(1, true),
  close: closeOrRead,
};

/** Where Escape closes something else. */
const isInSomething = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element && target.closest("#sidebar, .tools.open, .members") !== null;

/** Whether the key searches the messages: once one is in the field for that, it is the browser's again, to find something on the page. */
const isOurs = ({ target }: KeyboardEvent): boolean => canSearch() && !(target instanceof Element && target.id === "query");

const isBusy = (): boolean => screen.peek().kind !== "app" || document.querySelector("dialog[open]") !== null;

export function press(key: KeyboardEvent): void {
  if (key.defaultPrevented || key.isComposing || isBusy()) return;
  const name = (Object.keys(DOES) as Name[]).find((each) => is(each, key));
  if (!name || (name === "close" && isInSomething(key)) || (name === "search" && !isOurs(key))) return;
  key.preventDefault();
  DOES[name]?.();
}
