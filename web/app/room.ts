// The room that is shown: its title, who is there and who types, and what one can do where one can't write.

import type { Client } from "#sdk";
import { text } from "./composer.ts";
import { avatar, byId, harmless, make } from "./dom.ts";
import { ask, timeline } from "./history.ts";
import type { Unsent } from "./items.ts";
import { nameOf } from "./names.ts";
import { readOn } from "./reading.ts";
import { isMade } from "./routes.ts";
import { listed, titleOf, track } from "./sidebar.ts";
import { now } from "./state.ts";
import { logIn } from "./welcome.ts";

export function showTitle(): void {
  const kind = now.account?.rooms.get(now.current)?.kind;
  byId("title").textContent = harmless(titleOf(now.current));
  byId("title").classList.toggle(
    "unsigned",
    kind === "direct" || kind === "closed" || (isMade(now.current) && !kind && !listed.has(now.current)),
  );
  byId("details").hidden = kind === undefined;
}

/** Where one can't write, say why and what one can do instead. */
export function showInstead(): void {
  const row = now.account?.rooms.get(now.current);
  const { refused } = track(now.current);
  const [words, button, act] = refused
    ? ([`${refused.message}.`, now.account ? "" : "Log in", () => logIn()] as const)
    : row?.archived_at
      ? (["This room is archived.", "", () => {}] as const)
      : now.account?.hasStarted && isMade(now.current) && !row
        ? (["You are not in this room yet.", "Join", join] as const)
        : (["", "", () => {}] as const);
  byId("instead").hidden = !words;
  byId("composer").hidden = words !== "";
  byId("instead-text").textContent = words;
  byId("instead-act").textContent = button;
  byId("instead-act").hidden = !button;
  byId("instead-act").onclick = act;
}

async function join(): Promise<void> {
  const room = now.current;
  if (await ask({ do: "join", room })) await now.account?.start();
  if (room === now.current) text.focus();
}

export function showRoom(): void {
  if (!now.client) return;
  const { view } = track(now.current);
  showTitle();
  showInstead();
  timeline.show(view ?? { messages: new Map(), more: true, state: {} }, unsent(now.client, now.current), now.client.me);
  showMembers();
  showTyping();
  readOn();
}

export function unsent(client: Client, room: string): Unsent[] {
  return client.outbox.entries
    .filter((entry) => entry.room === room)
    .map((entry) => ({ ...entry, isUnsure: client.state !== "connected" }));
}

export function showMembers(): void {
  const { members, count } = track(now.current);
  byId("members").textContent = count === 1 ? "1 person" : `${count} people`;
  byId("member-list").replaceChildren(
    ...[...members.values()]
      .map((by): [string, string] => [nameOf(by), by])
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, by]) => make("li", {}, avatar(name, by), make("bdi", {}, harmless(name)))),
  );
}

export function showTyping(): void {
  const names = [...track(now.current).typing.values()].map(({ name }) => harmless(nameOf(name)));
  const verb = names.length === 1 ? "is" : "are";
  byId("typing").textContent = names.length ? `${names.slice(0, 3).join(", ")} ${verb} typing…` : "";
}

let toastTimer: number | undefined;

export function toast(words: string): void {
  byId("toast").textContent = words;
  byId("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (byId("toast").hidden = true), 6000);
}
