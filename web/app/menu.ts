// The menu on small screens, and the list of who is here.

import { byId } from "./dom.ts";

export function showMenu(isOpen: boolean): void {
  document.body.classList.toggle("menu-open", isOpen);
  byId("menu").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) byId("rooms").querySelector<HTMLElement>("[aria-current]")?.focus();
}

export function showMemberList(isOpen: boolean): void {
  byId("member-list").hidden = !isOpen;
  byId("members").setAttribute("aria-expanded", String(isOpen));
}

byId("menu").addEventListener("click", (event) => {
  event.stopPropagation(); // else the room would close it at once
  showMenu(true);
});

byId("room").addEventListener("click", () => showMenu(false)); // what is left of it is in the shade

byId("members").addEventListener("click", () => showMemberList(byId("member-list").hidden !== false));

document.addEventListener("pointerdown", ({ target }) => {
  if (!(target instanceof Element && target.closest("#members, #member-list"))) showMemberList(false);
});

document.addEventListener("keydown", (key) => {
  if (key.key !== "Escape") return;
  showMemberList(false);
  if (document.body.classList.contains("menu-open")) {
    showMenu(false);
    byId("menu").focus();
  }
});
