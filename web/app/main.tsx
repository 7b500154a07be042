// The page begins here: the views, the title and the icon, and then whoever the browser is.

import "./styles/index.css";
import { computed, effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./App.tsx";
import { WORDS } from "./auth/words.ts";
import { refuseDrops } from "./composer/Drop.tsx";
import { t } from "./i18n/index.ts";
import { press } from "./keys/global.ts";
import { loadMarkdown } from "./markdown/index.ts";
import { whenIdle } from "./offline/idle.ts";
import { lookForNewer } from "./panels/Newer.tsx";
import { instead } from "./store/instead.ts";
import { beginToNotify } from "./store/notifying.ts";
import { present } from "./store/presence.ts";
import { titleOf } from "./store/rooms.ts";
import { menuOpen, screen } from "./store/screen.ts";
import { begin, followHere, seen } from "./store/session.ts";
import { current } from "./store/state.ts";
import { unread } from "./store/unread.ts";
import { harmless } from "./ui/text.ts";

const page = document.getElementById("page");
document.documentElement.lang = t.language;
document.documentElement.dir = t.direction;
const icon = document.getElementById("icon");

/** What the tab is called. */
const title = computed(() => {
  if (screen.value.kind === "entry") return `${WORDS[screen.value.way].title} – ${t.hubbub}`;
  if (screen.value.kind !== "app" || !current.value) return t.hubbub;
  const { count, any } = unread();
  if (instead.value?.kind === "search") return `${t.searchMessages} – ${t.hubbub}`;
  if (instead.value?.kind === "missed") return `${t.whatYouMissed} – ${t.hubbub}`;
  return `${count ? `(${count}) ` : any ? "• " : ""}${harmless(titleOf(current.value))} – ${t.hubbub}`;
});

const isUnread = computed(() => screen.value.kind === "app" && unread().any);

effect(() => {
  document.title = title.value;
});

effect(() => {
  const href = `/web/favicon${isUnread.value ? "-unread" : ""}.svg`;
  if (icon?.getAttribute("href") !== href) icon?.setAttribute("href", href);
});

document.addEventListener("visibilitychange", () => seen(!document.hidden));

// What is left of the room beside the menu is in the shade: a tap there closes the menu.
document.addEventListener("pointerdown", ({ target }) => {
  if (target instanceof Element && target.closest("main")) menuOpen.value = false;
});

document.addEventListener("keydown", (key) => {
  if (key.key !== "Escape" || !menuOpen.peek()) return;
  menuOpen.value = false;
  document.getElementById("menu")?.focus();
});

document.addEventListener("keydown", press);
document.addEventListener("click", followHere);

for (const input of ["pointerdown", "keydown"]) document.addEventListener(input, present);

refuseDrops();
seen(!document.hidden);
if (page) render(<App />, page);
begin();
whenIdle(loadMarkdown);
lookForNewer();
beginToNotify();
