// The page: puts the connection, the rooms and the screen together.

import { apply, type Changed, Client, type Page, peopleOf, prepend, trim, type View, viewOf, whoOf, type wire } from "#sdk";
import { avatar, byId, fit, harmless, hue, make } from "./dom.ts";
import type { Unsent } from "./items.ts";
import * as memory from "./memory.ts";
import { identity, isRoomName, keepName, keepRooms, rememberedRooms, roomFromAddress } from "./memory.ts";
import { identifyTab, outboxOf } from "./tabs.ts";
import { MOST_SHOWN, Timeline } from "./timeline.ts";

const GRACE = 2000; // milliseconds without a connection before the page says so
const TYPING_EVERY = 3000;
const ROOMS_EVERY = 30_000;
const UNAUTHENTICATED = 4401; // the close code
const MOST_READ = 5000; // messages kept while one reads further up

/** What is kept of a room; people by what tells them apart. */
interface Place {
  view?: View;
  unread: number;
  members: Map<string, string>;
  count: number;
  typing: Map<string, { name: string; timer: number }>;
}

const places = new Map<string, Place>();
let client: Client | undefined;
let current = ""; // the room that is shown
let replyTo: wire.Message | undefined;
const drafts = new Map<string, string>();

// --- who one is ---

/** Show the first screen; with `needsToken` it asks for a token. */
function askName(why = "", name = "", needsToken = false): void {
  client?.close();
  clearTimeout(graceTimer);
  clearInterval(countdown);
  graceTimer = undefined;
  byId("banner").hidden = true;
  byId("app").hidden = true;
  byId("welcome").hidden = false;
  byId("welcome-why").textContent = why;
  byId("welcome-name", HTMLInputElement).value = name;
  byId("welcome-token", HTMLInputElement).value = "";
  byId("welcome-with-token", HTMLDetailsElement).open = needsToken;
  byId(needsToken ? "welcome-token" : "welcome-name", HTMLInputElement).select();
}

/** The server does not accept who this is. */
function refuse(client: Client, { code, message }: { code: string; message: string }): void {
  if (code !== "unauthenticated") askName(message, client.name);
  else if (client.token)
    askName("The server does not accept this token. It may have expired or been revoked: ask for a new one.", "", true);
  else askName("This server lets in only people with a token. Enter yours below.", client.name, true);
  memory.forgetToken();
}

byId("welcome-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("welcome-name", HTMLInputElement).value.trim().normalize("NFC");
  const token = byId("welcome-with-token", HTMLDetailsElement).open && byId("welcome-token", HTMLInputElement).value.trim();
  if (token) {
    memory.keepToken(token);
  } else if (name) {
    memory.forgetToken();
    keepName(name);
  } else {
    byId("welcome-why").textContent = "Enter your name, or a token.";
    return;
  }
  start();
});
byId("rename").addEventListener("click", () => askName("", identity().name ?? "", memory.keptToken() !== null));

// --- rooms ---

function track(room: string): Place {
  const tracked = places.get(room);
  if (tracked) return tracked;
  const place = { unread: 0, members: new Map(), count: 0, typing: new Map() };
  places.set(room, place);
  keepRooms(places.keys());
  client?.follow(room);
  return place;
}

function open(room: string): void {
  if (current) drafts.set(current, text.value);
  current = room;
  const place = track(room);
  place.unread = 0;
  replyTo = undefined;
  byId("title").textContent = harmless(room);
  text.value = drafts.get(room) ?? "";
  showMenu(false);
  showMemberList(false);
  if (location.hash.slice(1) !== encodeURIComponent(room)) history.replaceState(null, "", `#${encodeURIComponent(room)}`);
  showRoom();
  showRooms();
  showComposer();
  if (!isTouch) text.focus();
}

async function listRooms(): Promise<void> {
  try {
    const headers = new Headers(client?.token ? { Authorization: `Bearer ${client.token}` } : {});
    const { rooms }: { rooms: { room: string }[] } = await (await fetch("/api/v1/rooms?limit=200", { headers })).json();
    known = rooms.map(({ room }) => room);
    showRooms();
  } catch {
    // the connection's own state says what is wrong
  }
}
let known: string[] = [];

byId("open-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const room = byId("room-name", HTMLInputElement).value.trim().replaceAll(/\s+/g, "-").normalize("NFC");
  if (!isRoomName(room)) {
    toast("A room's name has letters, digits and any of _ - . : @ + ~");
    return;
  }
  byId("room-name", HTMLInputElement).value = "";
  open(room);
});

// --- what is shown ---

function showRooms(): void {
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && byId("rooms").contains(active) && active.dataset.room;
  const names = [...new Set([...places.keys(), ...known])].sort((a, b) => a.localeCompare(b));
  byId("rooms").replaceChildren(
    ...names.map((room) => {
      const unread = places.get(room)?.unread ?? 0;
      const button = make(
        "button",
        {
          type: "button",
          onclick: () => open(room),
          attributes: { "data-room": room, ...(room === current && { "aria-current": "page" }) },
        },
        make("span", { className: "hash", attributes: { "aria-hidden": "true" } }, "#"),
        make("bdi", {}, harmless(room)),
      );
      if (unread)
        button.append(make("span", { className: "badge" }, String(unread), make("span", { className: "visually-hidden" }, " unread")));
      return make("li", {}, button);
    }),
  );
  if (focused) byId("rooms").querySelector<HTMLElement>(`[data-room="${focused}"]`)?.focus();
  const unread = [...places.values()].reduce((sum, place) => sum + place.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${harmless(current)} – hubbub`;
  byId("menu-unread").hidden = !unread;
}

function showRoom(): void {
  if (!client) return;
  const { view } = track(current);
  timeline.show(view ?? { messages: new Map(), more: true, state: {} }, unsent(client, current), client.me);
  showMembers();
  showTyping();
}

function unsent(client: Client, room: string): Unsent[] {
  return client.outbox.entries
    .filter((entry) => entry.room === room)
    .map((entry) => ({ ...entry, isUnsure: client.state !== "connected" }));
}

function showMembers(): void {
  const { members, count } = track(current);
  byId("members").textContent = count === 1 ? "1 person" : `${count} people`;
  byId("member-list").replaceChildren(
    ...[...members.values()].sort().map((name) => make("li", {}, avatar(name), make("bdi", {}, harmless(name)))),
  );
}

function showTyping(): void {
  const names = [...track(current).typing.values()].map(({ name }) => harmless(name));
  const verb = names.length === 1 ? "is" : "are";
  byId("typing").textContent = names.length ? `${names.slice(0, 3).join(", ")} ${verb} typing…` : "";
}

function showComposer(): void {
  fit(text);
  byId("replying").hidden = !replyTo;
  byId("replying-to").textContent = replyTo ? `Replying to ${harmless(replyTo.by)}` : "";
}

let toastTimer: number | undefined;

function toast(words: string): void {
  byId("toast").textContent = words;
  byId("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (byId("toast").hidden = true), 6000);
}

// --- the connection ---

let graceTimer: number | undefined;
let countdown: number | undefined;
let hasConnected = false;

function showState(client: Client, changed: Changed): void {
  clearInterval(countdown);
  if (changed.state === "connected") {
    clearTimeout(graceTimer);
    graceTimer = undefined;
    if (!byId("banner").hidden && hasConnected) toast("Back again: what you missed is here");
    byId("banner").hidden = true;
    hasConnected = true;
    listRooms();
  } else {
    const until = changed.state === "waiting" ? changed.until : undefined;
    for (const place of places.values()) place.typing.clear();
    const say = () => {
      const left = until ? Math.max(0, Math.ceil((until - Date.now()) / 1000)) : 0;
      byId("banner-text").textContent =
        changed.state === "ended"
          ? `The server ended the connection (${changed.code})`
          : left
            ? `No connection. Trying again in ${left} s; you can keep writing`
            : "No connection. Trying…";
    };
    say();
    if (until) countdown = setInterval(say, 500);
    graceTimer ??= setTimeout(() => (byId("banner").hidden = false), changed.state === "ended" ? 0 : GRACE);
  }
  if (current) {
    timeline.showUnsent(unsent(client, current));
    showTyping();
  }
}

byId("retry-now").addEventListener("click", () => client?.connect());
for (const change of ["online", "offline"]) addEventListener(change, () => client?.check());
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !current) return;
  client?.check();
  track(current).unread = 0;
  showRooms();
});
addEventListener("pagehide", () => client?.close());
addEventListener("pageshow", (event) => event.persisted && start());

function hear(client: Client): void {
  client.on("state", (changed) => {
    if (changed.state === "refused") refuse(client, changed.error);
    else if (changed.state === "ended" && changed.code === UNAUTHENTICATED && client.token)
      refuse(client, { code: "unauthenticated", message: "" });
    else if (changed.state === "connected" && isNewToUs(client)) getToKnow(client);
    else if (changed.state !== "closed") showState(client, changed);
  });
  client.on("snapshot", ({ room, snapshot }) => {
    const place = track(room);
    place.view = viewOf(snapshot);
    setMembers(place, peopleOf(snapshot.members.names, snapshot.members.ids), snapshot.members.count);
    if (room === current) showRoom();
  });
  client.on("event", ({ room, event }) => take(client, room, event));
  client.on("outbox", ({ room }) => room === current && timeline.showUnsent(unsent(client, room)));
  client.on("signal", ({ signal }) => takeSignal(client, signal));
  client.on("problem", ({ error }) => toast(error.message));
  client.on("unfollowed", ({ room, error }) => toast(`${room}: ${error.message}`));
}

function take(client: Client, room: string, event: wire.AnyEvent): void {
  const place = places.get(room);
  if (!place?.view) return;
  const seq = apply(place.view, event);
  if (loading?.room === room) loading.meanwhile.push(event);
  const isPost = event.event === "posted";
  if (isPost) place.typing.delete(whoOf(event));
  const isSeen = room === current && !document.hidden;
  if (isPost && !event.erased && whoOf(event) !== client.me.who && !isSeen) {
    place.unread += 1;
    showRooms();
  }
  if (room === current && seq !== undefined) {
    if (isPost) timeline.append();
    else timeline.update(seq);
    showTyping();
  }
  trim(place.view, room === current && !timeline.wasAtEnd ? MOST_READ : MOST_SHOWN);
}

function takeSignal(client: Client, signal: wire.AnySignal): void {
  const place = places.get(signal.room);
  if (!place) return;
  if (signal.signal === "presence") {
    const here = signal.names
      ? peopleOf(signal.names, signal.ids)
      : new Map([...place.members, ...peopleOf(signal.joined ?? [], signal.joined_ids)]);
    for (const who of peopleOf(signal.left ?? [], signal.left_ids).keys()) here.delete(who);
    setMembers(place, signal.count > 100 ? new Map() : here, signal.count);
  } else if (signal.signal === "typing" && whoOf(signal) !== client.me.who) {
    const who = whoOf(signal);
    clearTimeout(place.typing.get(who)?.timer);
    const forget = () => {
      place.typing.delete(who);
      if (signal.room === current) showTyping();
    };
    place.typing.set(who, { name: signal.by, timer: setTimeout(forget, 1000 * signal.ttl) });
  }
  if (signal.room === current) {
    showMembers();
    showTyping();
  }
}

function setMembers(place: Place, members: Map<string, string>, count: number): void {
  place.members = members;
  place.count = count;
}

// --- writing ---

const text = byId("text", HTMLTextAreaElement);
const isTouch = matchMedia("(pointer: coarse)").matches;
let lastTyping = 0;
let typingTimer: number | undefined;

function send(): void {
  const written = text.value.trim();
  if (!written || !client) return;
  text.value = "";
  client.post(current, written, replyTo?.seq);
  replyTo = undefined;
  lastTyping = 0;
  clearTimeout(typingTimer);
  showComposer();
  timeline.toEnd();
  text.focus();
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
byId("no-reply").addEventListener("click", () => {
  replyTo = undefined;
  showComposer();
});
text.addEventListener("input", () => {
  showComposer();
  if (!text.value || Date.now() - lastTyping < TYPING_EVERY) return;
  lastTyping = Date.now();
  const room = current;
  typingTimer = setTimeout(() => client?.signal(room, "typing"), 300); // not if it is sent at once
});
text.addEventListener("keydown", (key) => {
  if (key.isComposing || key.keyCode === 229) return; // an input method is choosing characters
  if (key.key === "Enter" && !key.shiftKey && !isTouch) {
    key.preventDefault();
    send();
  } else if (key.key === "ArrowUp" && !text.value) {
    const mine = [...(places.get(current)?.view?.messages.values() ?? [])].findLast(
      (m) => whoOf(m) === client?.me.who && m.text !== undefined,
    );
    if (!mine) return;
    key.preventDefault();
    timeline.editInPlace(mine.seq);
  } else if (key.key === "Escape" && replyTo) {
    replyTo = undefined;
    showComposer();
  }
});

/** What a command of the current room gave; nothing if it failed, which is said. */
const ask = (command: Parameters<Client["ask"]>[0]): Promise<unknown> =>
  client?.ask(command).catch((error: Error) => toast(error.message)) ?? Promise.resolve();
let loading: { room: string; meanwhile: wire.AnyEvent[] } | undefined; // the room whose older messages are on their way, and the events that came meanwhile

const timeline = new Timeline({
  react: (seq, emoji, on) => ask({ do: on ? "react" : "unreact", room: current, seq, emoji }),
  edit: (seq, changed) => ask({ do: "edit", room: current, seq, text: changed }),
  remove: (seq) => ask({ do: "delete", room: current, seq }),
  repost: (id) => client?.repost(id),
  discard: (id) => client?.discard(id),
  reply: (message) => {
    replyTo = message;
    showComposer();
    text.focus();
  },
  older: () => loadOlder(current),
});

async function loadOlder(room: string): Promise<void> {
  const view = places.get(room)?.view;
  const first = view?.messages.keys().next().value;
  if (loading || !view || first === undefined || client?.state !== "connected") return;
  const meanwhile: wire.AnyEvent[] = [];
  loading = { room, meanwhile };
  const page = (await client.ask({ do: "history", room, before: first, limit: 100 }).catch(() => undefined)) as Page | undefined;
  loading = undefined;
  // If the view was trimmed or replaced by a snapshot, the page would leave a hole.
  if (!page || places.get(room)?.view !== view || view.messages.keys().next().value !== first) return;
  prepend(view, page, meanwhile);
  if (room === current) timeline.showOlder();
}

// --- menu ---

function showMenu(isOpen: boolean): void {
  document.body.classList.toggle("menu-open", isOpen);
  byId("menu").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) byId("rooms").querySelector<HTMLElement>("[aria-current]")?.focus();
}

function showMemberList(isOpen: boolean): void {
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
addEventListener("hashchange", () => {
  if (memory.takeTokenFromAddress()) start();
  else if (client) open(roomFromAddress());
});
setInterval(() => client?.state === "connected" && !document.hidden && listRooms(), ROOMS_EVERY);

// --- begin ---

/** Whose token this is, and so whose unsent messages are to be sent, only the server knows. */
function isNewToUs({ token, user }: Client): boolean {
  const owner = memory.tokenOwner();
  return token !== null && (owner.name !== user?.user || owner.id !== (user.id ?? ""));
}

function getToKnow({ user }: Client): void {
  if (user) memory.keepTokenOwner({ name: user.user, id: user.id ?? "" });
  start();
}

async function start(): Promise<void> {
  client?.close();
  const token = memory.keptToken();
  const owner = memory.tokenOwner();
  const { name, key } = token ? { name: owner.name, key: null } : identity();
  if (name === null || !(name || token)) {
    askName();
    return;
  }
  byId("welcome").hidden = true;
  byId("app").hidden = false;
  byId("my-name").textContent = harmless(name);
  byId("me").textContent = harmless(([...name][0] ?? "").toUpperCase());
  byId("me").style.setProperty("--hue", String(hue(name)));
  const tabs = await identifyTab();
  const person = token ? `/${owner.id}` : name; // no name has a slash, so no guest takes the outbox of a token's owner
  const outbox = outboxOf(person, tabs);
  places.clear();
  client = new Client({ url: `${location.origin.replace(/^http/, "ws")}/ws`, name, key, token, outbox });
  hear(client);
  const room = roomFromAddress();
  for (const remembered of rememberedRooms()) track(remembered);
  open(room);
  client.connect();
}

memory.takeTokenFromAddress();
start();
