// The page: puts the connection, the rooms and the screen together.

import { apply, type Changed, Client, type Page, peopleOf, prepend, type Refused, trim, type View, viewOf, whoOf, type wire } from "#sdk";
import { Account } from "./account.ts";
import * as dialogs from "./dialogs.ts";
import { avatar, byId, fit, harmless, hue, make } from "./dom.ts";
import { showEntry, showGone } from "./entry.ts";
import { call, list } from "./http.ts";
import type { Unsent } from "./items.ts";
import * as memory from "./memory.ts";
import { identity, isRoomName, keepName, keepRooms, rememberedRooms, roomFromAddress } from "./memory.ts";
import { isUnknown, meetAuthors, nameOf } from "./names.ts";
import { addressOf, isMade, linkedRoom, showAddress, showRoot, takeEntered, takeWayIn } from "./routes.ts";
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
  refused?: Refused; // why it can't be read
}

const places = new Map<string, Place>();
let client: Client | undefined;
let account: Account | undefined; // for guests and holders of tokens there is none
let wanted: { room: string; seq: number } | undefined; // the message that a link leads to, until it is shown
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
  byId("entry").hidden = true;
  byId("welcome").hidden = false;
  byId("welcome-why").textContent = why;
  byId("welcome-name", HTMLInputElement).value = name;
  byId("welcome-token", HTMLInputElement).value = "";
  byId("welcome-with-token", HTMLDetailsElement).open = needsToken;
  byId(needsToken ? "welcome-token" : "welcome-name", HTMLInputElement).select();
}

/** The server does not accept who this is. */
function refuse(client: Client, { code, message }: { code: string; message: string }): void {
  if (account) checkSession();
  else if (code !== "unauthenticated") askName(message, client.name);
  else if (client.token)
    askName("The server does not accept this token. It may have expired or been revoked: ask for a new one.", "", true);
  else askName("This server doesn't let guests in. Log in with your account, or enter a token.", client.name, true);
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
byId("log-in").addEventListener("click", () => logIn());

const ways = {
  entered(key: string): void {
    memory.keepAccount(key);
    if (!linkedRoom()) showRoot();
    start();
  },
  asGuest(): void {
    if (identity().name) start();
    else askName();
  },
};

function logIn(why = ""): void {
  client?.close();
  clearTimeout(graceTimer);
  clearInterval(countdown);
  graceTimer = undefined;
  showEntry("login", "", ways, why);
}

/** The session may have ended, or be another's by now: another tab has the same cookie. */
async function checkSession(): Promise<void> {
  try {
    const { account: key } = await call<{ account: string }>("GET", "/me");
    if (account?.key === key && client?.state !== "ended" && client?.state !== "refused") return;
    memory.keepAccount(key);
    start();
  } catch (error) {
    if ((error as Refused).code !== "unauthenticated") return; // the connection's own state says what is wrong
    memory.forgetAccount();
    await call("POST", "/logout").catch(() => {}); // so that the browser forgets the cookie
    logIn("Your session has ended. Log in again");
  }
}

async function logOut(): Promise<void> {
  await call("POST", "/logout");
  client?.close();
  if (account) memory.clearOf(account.key);
  location.replace("/"); // nothing of what was shown stays
}

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
  if (place.refused) client?.follow(room);
  if (account?.hasStarted && isMade(room) && !account.rooms.has(room)) listOpenRooms();
  replyTo = undefined;
  text.value = drafts.get(room) ?? "";
  showMenu(false);
  showMemberList(false);
  showAddress(room);
  showRoom();
  showRooms();
  showComposer();
  if (!isTouch) text.focus();
}

async function listRooms(): Promise<void> {
  try {
    const headers = new Headers(client?.token ? { Authorization: `Bearer ${client.token}` } : {});
    const { rooms }: { rooms: { room: string }[] } = await (await fetch("/api/v1/rooms?limit=200", { headers })).json();
    known = rooms.map(({ room }) => room).filter((room) => !isMade(room));
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
  const mine = account?.shown ?? [];
  const free = [...new Set([...places.keys(), ...known])].filter((room) => !isMade(room)).sort((a, b) => a.localeCompare(b));
  const groups: [string, HTMLElement[]][] = [
    ["Rooms", mine.filter(({ kind }) => kind !== "direct").map(mineItem)],
    ["Directs", mine.filter(({ kind }) => kind === "direct").map(mineItem)],
    ["Free rooms", free.map((room) => roomItem(room, "#", room, places.get(room)?.unread ?? 0))],
  ];
  const none = make("li", { className: "empty" }, "You are in no room yet. Make one, or look for open rooms.");
  const shown = account
    ? groups.filter(([, items]) => items.length).flatMap(([title, items]) => [make("li", { className: "group" }, title), ...items])
    : groups.flatMap(([, items]) => items);
  byId("rooms").replaceChildren(...(account?.hasStarted && !mine.length ? [none] : []), ...shown);
  if (focused) byId("rooms").querySelector<HTMLElement>(`[data-room="${focused}"]`)?.focus();
  const unread = [...places.values()].reduce((sum, place) => sum + place.unread, 0);
  const hasNews = mine.some((row) => account?.hasNews(row) && row.room !== current);
  document.title = `${unread ? `(${unread}) ` : hasNews ? "• " : ""}${harmless(titleOf(current))} – hubbub`;
  byId("menu-unread").hidden = !unread && !hasNews;
}

function mineItem(row: wire.MyRoom): HTMLElement {
  const title = account?.titleOf(row) ?? "";
  const sign =
    row.kind === "direct"
      ? avatar(
          title,
          row.people?.find((key) => key !== account?.key),
        )
      : row.kind === "open"
        ? "#"
        : "◆";
  return roomItem(row.room, sign, title, row.room !== current && account?.hasNews(row) ? "new" : 0);
}

/** A room in the sidebar, with the number of its unread messages, or only that there are some. */
function roomItem(room: string, sign: string | HTMLElement, title: string, unread: number | "new"): HTMLElement {
  const button = make(
    "button",
    {
      type: "button",
      onclick: () => open(room),
      attributes: { "data-room": room, ...(room === current && { "aria-current": "page" }) },
    },
    typeof sign === "string" ? make("span", { className: "hash", attributes: { "aria-hidden": "true" } }, sign) : sign,
    make("bdi", {}, harmless(title)),
  );
  if (unread === "new")
    button.append(make("span", { className: "badge dot" }, make("span", { className: "visually-hidden" }, "new messages")));
  else if (unread)
    button.append(make("span", { className: "badge" }, String(unread), make("span", { className: "visually-hidden" }, " unread")));
  return make("li", {}, button);
}

const listed = new Map<string, string>(); // titles of open rooms of which one is no member

/** What a room is called. */
function titleOf(room: string): string {
  if (!isMade(room)) return room;
  const row = account?.rooms.get(room);
  return row ? (account?.titleOf(row) ?? "") : (listed.get(room) ?? (places.get(room)?.refused ? "No such room" : "Room"));
}

function showTitle(): void {
  const kind = account?.rooms.get(current)?.kind;
  byId("title").textContent = harmless(titleOf(current));
  byId("title").classList.toggle("unsigned", kind === "direct" || kind === "closed" || (isMade(current) && !kind && !listed.has(current)));
  byId("details").hidden = kind === undefined;
}

/** Where one can't write, say why and what one can do instead. */
function showInstead(): void {
  const row = account?.rooms.get(current);
  const { refused } = track(current);
  const [words, button, act] = refused
    ? ([`${refused.message}.`, account ? "" : "Log in", () => logIn()] as const)
    : row?.archived_at
      ? (["This room is archived.", "", () => {}] as const)
      : account?.hasStarted && isMade(current) && !row
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
  const room = current;
  if (await ask({ do: "join", room })) await account?.start();
  if (room === current) text.focus();
}

function showRoom(): void {
  if (!client) return;
  const { view } = track(current);
  if (view && !document.hidden) account?.see(current);
  showTitle();
  showInstead();
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
    ...[...members.values()]
      .map((by): [string, string] => [nameOf(by), by])
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, by]) => make("li", {}, avatar(name, by), make("bdi", {}, harmless(name)))),
  );
}

function showTyping(): void {
  const names = [...track(current).typing.values()].map(({ name }) => harmless(nameOf(name)));
  const verb = names.length === 1 ? "is" : "are";
  byId("typing").textContent = names.length ? `${names.slice(0, 3).join(", ")} ${verb} typing…` : "";
}

function showComposer(): void {
  fit(text);
  byId("replying").hidden = !replyTo;
  byId("replying-to").textContent = replyTo ? `Replying to ${harmless(nameOf(replyTo.by))}` : "";
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
  account?.see(current);
  showRooms();
});
addEventListener("pagehide", () => client?.close());
addEventListener("pageshow", (event) => event.persisted && client && start());

function hear(client: Client): void {
  client.on("state", (changed) => {
    if (changed.state === "refused") refuse(client, changed.error);
    else if (account && changed.state === "ended") checkSession();
    else if (account && changed.state === "connected" && client.user?.user !== account.key) checkSession();
    else if (changed.state === "ended" && changed.code === UNAUTHENTICATED && client.token)
      refuse(client, { code: "unauthenticated", message: "" });
    else if (changed.state === "connected" && isNewToUs(client)) getToKnow(client);
    else if (changed.state !== "closed") showState(client, changed);
    if (account && changed.state === "waiting") checkSession(); // who has none is not even connected
  });
  client.on("snapshot", ({ room, snapshot }) => {
    if (isLog(room)) return;
    const place = track(room);
    meetAuthors(snapshot);
    delete place.refused;
    place.view = viewOf(snapshot);
    setMembers(place, peopleOf(snapshot.members.names, snapshot.members.ids), snapshot.members.count);
    if (room === current) showRoom();
    if (room === wanted?.room) goTo(room, wanted.seq);
  });
  client.on("event", ({ room, event }) => take(client, room, event));
  client.on("outbox", ({ room }) => room === current && timeline.showUnsent(unsent(client, room)));
  client.on("signal", ({ signal }) => takeSignal(client, signal));
  client.on("problem", ({ error, room }) => (room && isMade(room) ? lose(room, error) : toast(error.message)));
  client.on("unfollowed", ({ room, error }) => (isMade(room) ? lose(room, error) : isLog(room) || toast(`${room}: ${error.message}`)));
}

/** Whether this is no room, but a log that an account follows. */
const isLog = (room: string): boolean => room === "@directory" || room === account?.key;

/** A room can't be read, or no longer: nothing of it stays on the screen. */
function lose(room: string, error: Refused): void {
  const place = places.get(room);
  if (!place) return;
  places.set(room, { unread: 0, members: new Map(), count: 0, typing: new Map(), refused: error });
  if (room === current) showRoom();
}

function take(client: Client, room: string, event: wire.AnyEvent): void {
  const place = places.get(room);
  if (room === current && !document.hidden) account?.see(room);
  if (!place?.view) return;
  if (isUnknown(event.by)) getToKnowAuthor(client, event);
  const seq = apply(place.view, event);
  if (loading?.room === room) loading.meanwhile.push(event);
  const isPost = event.event === "posted";
  if (isPost) place.typing.delete(whoOf(event));
  const isSeen = room === current && !document.hidden;
  if (isPost && !event.erased && whoOf(event) !== client.me.who && !isSeen && isMade(room)) showRooms();
  else if (isPost && !event.erased && whoOf(event) !== client.me.who && !isSeen) {
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

/** Ask who it is that wrote: a page of messages tells it. */
async function getToKnowAuthor(client: Client, event: wire.AnyEvent): Promise<void> {
  const seq = "message" in event && event.message !== undefined ? event.message : event.seq;
  const page = (await client.ask({ do: "history", room: event.room, before: seq + 1, limit: 1 }).catch(() => undefined)) as
    | Page
    | undefined;
  if (!page) return;
  for (const key of meetAuthors(page)) timeline.rename(key);
  if (event.room === current) showMembers();
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
  link: (seq) => copyLink(current, seq),
});

async function copyLink(room: string, seq: number): Promise<void> {
  const link = `${location.origin}${addressOf(room, seq)}`;
  toast((await dialogs.copyText(link)) ? "The link is copied" : `The link is ${link}`);
}

/** Show a message, and for that whatever is between it and what is there. */
async function goTo(room: string, seq: number): Promise<void> {
  wanted = undefined;
  const isThere = (): boolean => (places.get(room)?.view?.messages.keys().next().value ?? seq) <= seq;
  for (let pages = 0; pages < MOST_READ / 100 && !isThere() && places.get(room)?.view?.more; pages += 1) await loadOlder(room);
  if (room === current && !timeline.goTo(seq)) toast("This message is not here");
}

async function loadOlder(room: string): Promise<void> {
  const view = places.get(room)?.view;
  const first = view?.messages.keys().next().value;
  if (loading || !view || first === undefined || client?.state !== "connected") return;
  const meanwhile: wire.AnyEvent[] = [];
  loading = { room, meanwhile };
  const page = (await client.ask({ do: "history", room, before: first, limit: 100 }).catch(() => undefined)) as Page | undefined;
  loading = undefined;
  // If the view was trimmed or replaced by a snapshot, the page would leave a hole.
  if (page) meetAuthors(page);
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
  if (enterBy()) return;
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

/** Show the way in that the address leads to. Returns whether it leads to one. */
function enterBy(): boolean {
  const found = takeWayIn();
  if (!found) return false;
  client?.close();
  if (found.token) showEntry(found.way, found.token, ways);
  else showGone(ways, "The part after # is missing.");
  return true;
}

/** Begin as whoever the browser is: an account, the holder of a token, or a guest. */
async function start(): Promise<void> {
  client?.close();
  account = undefined;
  const token = memory.keptToken();
  const key = token ? null : memory.keptAccount();
  const owner = memory.tokenOwner();
  const { name, key: proof } = token ? { name: owner.name, key: null } : key ? { name: null, key: null } : identity();
  const linked = linkedRoom();
  if (!key && !token && !name && linked && isMade(linked.room)) {
    logIn("Log in to open this room");
    return;
  }
  if (!key && (name === null || !(name || token))) {
    askName();
    return;
  }
  byId("welcome").hidden = true;
  byId("entry").hidden = true;
  byId("app").hidden = false;
  showWho(key ?? name ?? "");
  const tabs = await identifyTab();
  const person = token ? `/${owner.id}` : (key ?? name ?? ""); // no name has a slash, so no guest takes the outbox of a token's owner
  const outbox = outboxOf(person, tabs);
  places.clear();
  client = new Client({ url: `${location.origin.replace(/^http/, "ws")}/ws`, name, key: proof, token, outbox });
  if (key) account = new Account(key, client, showChange);
  hear(client);
  for (const remembered of rememberedRooms()) track(remembered);
  await openAddress();
  client.connect();
}

/** Open the room, and the message, that the address leads to. */
async function openAddress(): Promise<void> {
  const linked = linkedRoom();
  let room = linked?.room ?? roomFromAddress();
  if (room.startsWith("#")) {
    const found = await call<{ room: string }>("GET", `/rooms/${encodeURIComponent(room)}`).catch(() => undefined);
    room = found?.room ?? roomFromAddress();
  }
  if (!isRoomName(room)) room = roomFromAddress();
  wanted = linked?.seq === undefined ? undefined : { room, seq: linked.seq };
  open(room);
}

/** Show who one is, and what only accounts can do. */
function showWho(by: string): void {
  const name = nameOf(by);
  const isMe = account !== undefined || by.startsWith("@");
  byId("my-name").textContent = isMe && !account?.hasStarted ? "" : harmless(name);
  byId("me").textContent = harmless(([...name][0] ?? "").toUpperCase());
  byId("me").style.setProperty("--hue", String(hue(by)));
  for (const id of ["account-tools", "account"]) byId(id).hidden = !isMe;
  byId("rename").hidden = isMe;
}

/** Something of the account's was changed. */
function showChange(what: "rooms" | "people" | "listed", person?: string): void {
  if (!account) return;
  showWho(account.key);
  showRooms();
  if (what === "people" && person) timeline.rename(person);
  if (what !== "rooms") return;
  if (isMade(current)) {
    showTitle();
    showInstead();
    if (account.rooms.has(current) && places.get(current)?.refused) client?.follow(current);
    if (!account.rooms.has(current) && !listed.has(current)) listOpenRooms();
  }
  if (current && places.get(current)?.view && !document.hidden) account.see(current);
  showMembers();
  showMayInvite();
}

async function listOpenRooms(): Promise<void> {
  const rooms = await list<dialogs.Listed>("/directory", "rooms", "room").catch(() => []);
  for (const { room, title } of rooms) listed.set(room, title);
  showTitle();
}

const invites: { by: string; roles: string[] } = { by: "", roles: [] }; // for which roles one may make them

async function showMayInvite(): Promise<void> {
  const by = `${account?.key} ${account?.role}`;
  if (invites.by !== by) {
    invites.by = by;
    invites.roles = (await call<{ roles: string[] }>("GET", "/invites").catch(() => ({ roles: [] }))).roles;
  }
  byId("invite-to-server").hidden = !invites.roles.length;
}

function doing(): dialogs.Doing | undefined {
  if (!account || !client) return undefined;
  const [mine, connection] = [account, client];
  return {
    account: mine,
    ask: async (command) => {
      const answer = await connection.ask(command);
      if (command.do !== "leave") await mine.start(); // so that the room is in the list when it is opened
      return answer;
    },
    open,
    left: (room) => {
      connection.unfollow(room);
      places.delete(room);
      mine.start(); // a direct that was put away is shown again once there is something new
      open(mine.shown.find((row) => row.room !== room)?.room ?? rememberedRooms()[0] ?? roomFromAddress());
    },
    logOut,
    unsent: () => connection.outbox.entries.length,
  };
}

/** Let a button open a window. */
function opens(id: string, act: (doing: dialogs.Doing) => unknown): void {
  byId(id).addEventListener("click", () => {
    const can = doing();
    if (can) act(can);
  });
}

opens("new-room", dialogs.newRoom);
opens("new-direct", dialogs.newDirect);
opens("open-rooms", dialogs.openRooms);
opens("invite-to-server", () => dialogs.inviteToServer(invites.roles));
opens("account", dialogs.aboutMe);
opens("details", (can) => {
  const row = can.account.rooms.get(current);
  if (row) dialogs.aboutRoom(row, can);
});

memory.takeTokenFromAddress();
if (takeEntered()) checkSession();
else if (!enterBy()) start();
