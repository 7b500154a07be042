// The page: puts the connection, the rooms and the screen together.

import { Client } from "/web/client.js";
import { avatar, byId, fit, harmless, hue, make } from "/web/dom.js";
import { apply, peopleOf, prepend, trim, viewOf, whoOf } from "/web/fold.js";
import * as memory from "/web/memory.js";
import { identity, isRoomName, keepName, keepRooms, rememberedRooms, roomFromAddress } from "/web/memory.js";
import { Outbox, identifyTab } from "/web/outbox.js";
import { MOST_SHOWN, Timeline } from "/web/timeline.js";

const GRACE = 2000; // milliseconds without a connection before the page says so
const TYPING_EVERY = 3000;
const ROOMS_EVERY = 30_000;
const UNAUTHENTICATED = 4401; // the close code
const MOST_READ = 5000; // messages kept while one reads further up

const views = new Map(); // room -> {view, unread, members, count, typing}
let client;
let current;
let replyTo;
const drafts = new Map();

// --- who one is ---

/** Show the first screen; with `needsToken` it asks for a token. */
function askName(why = "", name = "", needsToken = false) {
  client?.close();
  clearTimeout(graceTimer);
  clearInterval(countdown);
  graceTimer = undefined;
  byId("banner").hidden = true;
  byId("app").hidden = true;
  byId("welcome").hidden = false;
  byId("welcome-why").textContent = why;
  byId("welcome-name").value = name;
  byId("welcome-token").value = "";
  byId("welcome-with-token").open = needsToken;
  byId(needsToken ? "welcome-token" : "welcome-name").select();
}

/** The server does not accept who this is. */
function refuse({ code, message }) {
  if (code !== "unauthenticated") askName(message, client.name);
  else if (client.token) askName("The server does not accept this token. It may have expired or been revoked: ask for a new one.", "", true);
  else askName("This server lets in only people with a token. Enter yours below.", client.name, true);
  memory.forgetToken();
}

byId("welcome-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("welcome-name").value.trim().normalize("NFC");
  const token = byId("welcome-with-token").open && byId("welcome-token").value.trim();
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
byId("rename").addEventListener("click", () => askName("", identity().name, memory.keptToken() !== null));

// --- rooms ---

function track(room) {
  if (!views.has(room)) {
    views.set(room, { unread: 0, members: new Map(), count: 0, typing: new Map() });
    keepRooms(views.keys());
    client.join(room);
  }
  return views.get(room);
}

function open(room) {
  if (current) drafts.set(current, byId("text").value);
  current = room;
  const place = track(room);
  place.unread = 0;
  replyTo = undefined;
  byId("title").textContent = harmless(room);
  byId("text").value = drafts.get(room) ?? "";
  showMenu(false);
  showMemberList(false);
  if (location.hash.slice(1) !== encodeURIComponent(room)) history.replaceState(null, "", `#${encodeURIComponent(room)}`);
  showRoom();
  showRooms();
  showComposer();
  if (!isTouch) text.focus();
}

async function listRooms() {
  try {
    const headers = client.token ? { Authorization: `Bearer ${client.token}` } : {};
    const { rooms } = await (await fetch("/api/v1/rooms?limit=200", { headers })).json();
    known = rooms.map(({ room }) => room);
    showRooms();
  } catch {
    // the connection's own state says what is wrong
  }
}
let known = [];

byId("open-room").addEventListener("submit", (event) => {
  event.preventDefault();
  const room = byId("room-name").value.trim().replaceAll(/\s+/g, "-").normalize("NFC");
  if (!isRoomName(room)) {
    toast("A room's name has letters, digits and any of _ - . : @ + ~");
    return;
  }
  byId("room-name").value = "";
  open(room);
});

// --- what is shown ---

function showRooms() {
  const focused = byId("rooms").contains(document.activeElement) && document.activeElement.dataset.room;
  const names = [...new Set([...views.keys(), ...known])].sort((a, b) => a.localeCompare(b));
  byId("rooms").replaceChildren(
    ...names.map((room) => {
      const unread = views.get(room)?.unread ?? 0;
      const button = make(
        "button",
        { type: "button", onclick: () => open(room), attributes: { "data-room": room, ...(room === current && { "aria-current": "page" }) } },
        make("span", { className: "hash", attributes: { "aria-hidden": "true" } }, "#"),
        make("bdi", {}, harmless(room)),
      );
      if (unread) button.append(make("span", { className: "badge" }, String(unread), make("span", { className: "visually-hidden" }, " unread")));
      return make("li", {}, button);
    }),
  );
  if (focused) byId("rooms").querySelector(`[data-room="${focused}"]`)?.focus();
  const unread = [...views.values()].reduce((sum, place) => sum + place.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${harmless(current ?? "")} – hubbub`;
  byId("menu-unread").hidden = !unread;
}

function showRoom() {
  const { view } = views.get(current);
  timeline.show(view ?? { messages: new Map(), more: true }, unsent(current), client.me);
  showMembers();
  showTyping();
}

function unsent(room) {
  return client.outbox.entries
    .filter((entry) => entry.room === room)
    .map((entry) => ({ ...entry, isUnsure: client.state !== "connected" }));
}

function showMembers() {
  const { members, count } = views.get(current);
  byId("members").textContent = count === 1 ? "1 person" : `${count} people`;
  byId("member-list").replaceChildren(
    ...[...members.values()].sort().map((name) => make("li", {}, avatar(name), make("bdi", {}, harmless(name)))),
  );
}

function showTyping() {
  const names = [...views.get(current).typing.values()].map(({ name }) => harmless(name));
  const verb = names.length === 1 ? "is" : "are";
  byId("typing").textContent = names.length ? `${names.slice(0, 3).join(", ")} ${verb} typing…` : "";
}

function showComposer() {
  fit(text);
  byId("replying").hidden = !replyTo;
  byId("replying-to").textContent = replyTo ? `Replying to ${harmless(replyTo.by)}` : "";
}

function toast(text) {
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (byId("toast").hidden = true), 6000);
}

// --- the connection ---

let graceTimer;
let countdown;
let hasConnected = false;

function showState({ state, until, code }) {
  clearInterval(countdown);
  if (state === "connected") {
    clearTimeout(graceTimer);
    graceTimer = undefined;
    if (!byId("banner").hidden && hasConnected) toast("Back again: what you missed is here");
    byId("banner").hidden = true;
    hasConnected = true;
    listRooms();
  } else {
    for (const place of views.values()) place.typing.clear();
    const say = () => {
      const left = until ? Math.max(0, Math.ceil((until - Date.now()) / 1000)) : 0;
      byId("banner-text").textContent =
        state === "ended" ? `The server ended the connection (${code})` :
        left ? `No connection. Trying again in ${left} s; you can go on writing` : "No connection. Trying…";
    };
    say();
    if (until) countdown = setInterval(say, 500);
    graceTimer ??= setTimeout(() => (byId("banner").hidden = false), state === "ended" ? 0 : GRACE);
  }
  if (current) {
    timeline.showUnsent(unsent(current));
    showTyping();
  }
}

byId("retry-now").addEventListener("click", () => client.connect());
for (const change of ["online", "offline"]) addEventListener(change, () => client?.check());
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !current) return;
  client.check();
  views.get(current).unread = 0;
  showRooms();
});
addEventListener("pagehide", () => client?.close());
addEventListener("pageshow", (event) => event.persisted && start());

function hear(client) {
  const on = (type, act) => client.addEventListener(type, ({ detail }) => act(detail));
  on("state", (detail) => {
    if (detail.state === "refused") refuse(detail.error);
    else if (detail.code === UNAUTHENTICATED && client.token) refuse({ code: "unauthenticated" });
    else if (detail.state === "connected" && isNewToUs(client.user)) getToKnow(client.user);
    else if (detail.state !== "closed") showState(detail);
  });
  on("snapshot", ({ room, snapshot }) => {
    const place = track(room);
    place.view = viewOf(snapshot);
    setMembers(place, peopleOf(snapshot.members.names, snapshot.members.ids), snapshot.members.count);
    if (room === current) showRoom();
  });
  on("event", ({ room, event }) => take(room, event));
  on("outbox", ({ room }) => room === current && timeline.showUnsent(unsent(room)));
  on("signal", ({ signal }) => takeSignal(signal));
  on("problem", ({ error }) => toast(error.message));
}

function take(room, event) {
  const place = views.get(room);
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
    if (isPost) timeline.append(seq);
    else timeline.update(seq);
    showTyping();
  }
  trim(place.view, room === current && !timeline.wasAtEnd ? MOST_READ : MOST_SHOWN);
}

function takeSignal(signal) {
  const place = views.get(signal.room);
  if (!place) return;
  if (signal.signal === "presence") {
    const here = signal.names ? peopleOf(signal.names, signal.ids) : new Map([...place.members, ...peopleOf(signal.joined ?? [], signal.joined_ids)]);
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

function setMembers(place, members, count) {
  place.members = members;
  place.count = count;
}

// --- writing ---

const text = byId("text");
const isTouch = matchMedia("(pointer: coarse)").matches;
let lastTyping = 0;
let typingTimer;

function send() {
  const written = text.value.trim();
  if (!written) return;
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
  typingTimer = setTimeout(() => client.signal(room, "typing"), 300); // not if it is sent at once
});
text.addEventListener("keydown", (key) => {
  if (key.isComposing || key.keyCode === 229) return; // an input method is choosing characters
  if (key.key === "Enter" && !key.shiftKey && !isTouch) {
    key.preventDefault();
    send();
  } else if (key.key === "ArrowUp" && !text.value) {
    const mine = [...(views.get(current).view?.messages.values() ?? [])]
      .filter((m) => whoOf(m) === client.me.who && m.text !== undefined);
    if (!mine.length) return;
    key.preventDefault();
    timeline.editInPlace(mine.at(-1).seq);
  } else if (key.key === "Escape" && replyTo) {
    replyTo = undefined;
    showComposer();
  }
});

const ask = (command) => client.ask({ room: current, ...command }).catch((error) => toast(error.message));
let loading; // the room whose older messages are on their way, and the events that came meanwhile

const timeline = new Timeline({
  react: (seq, emoji, on) => ask({ do: on ? "react" : "unreact", seq, emoji }),
  edit: (seq, changed) => ask({ do: "edit", seq, text: changed }),
  remove: (seq) => ask({ do: "delete", seq }),
  repost: (id) => client.repost(id),
  discard: (id) => client.discard(id),
  reply: (message) => {
    replyTo = message;
    showComposer();
    text.focus();
  },
  older: () => loadOlder(current),
});

async function loadOlder(room) {
  const { view } = views.get(room);
  const first = view.messages.keys().next().value;
  if (loading || client.state !== "connected") return;
  const { meanwhile } = (loading = { room, meanwhile: [] });
  const page = await client.ask({ do: "history", room, before: first, limit: 100 }).catch(() => undefined);
  loading = undefined;
  // If the view was trimmed or replaced by a snapshot, the page would leave a hole.
  if (!page || views.get(room)?.view !== view || view.messages.keys().next().value !== first) return;
  prepend(view, page, meanwhile);
  if (room === current) timeline.showOlder();
}

// --- menu ---

function showMenu(isOpen) {
  document.body.classList.toggle("menu-open", isOpen);
  byId("menu").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) byId("rooms").querySelector("[aria-current]")?.focus();
}

function showMemberList(isOpen) {
  byId("member-list").hidden = !isOpen;
  byId("members").setAttribute("aria-expanded", String(isOpen));
}

byId("menu").addEventListener("click", (event) => {
  event.stopPropagation(); // else the room would close it at once
  showMenu(true);
});
byId("room").addEventListener("click", () => showMenu(false)); // what is left of it is in the shade
byId("members").addEventListener("click", () => showMemberList(byId("member-list").hidden));
document.addEventListener("pointerdown", ({ target }) => {
  if (!target.closest?.("#members, #member-list")) showMemberList(false);
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
function isNewToUs({ user, id }) {
  const owner = memory.tokenOwner();
  return client.token !== null && (owner.name !== user || owner.id !== id);
}

function getToKnow({ user, id }) {
  memory.keepTokenOwner({ name: user, id });
  start();
}

async function start() {
  client?.close();
  const token = memory.keptToken();
  const { name, key, id } = token ? memory.tokenOwner() : identity();
  if (!name && !token) return askName();
  byId("welcome").hidden = true;
  byId("app").hidden = false;
  byId("my-name").textContent = harmless(name);
  byId("me").textContent = harmless(([...name][0] ?? "").toUpperCase());
  byId("me").style.setProperty("--hue", hue(name));
  const { tab, openTabs } = await identifyTab();
  const person = token ? `/${id}` : name; // no name has a slash, so no guest takes the outbox of a token's owner
  const outbox = new Outbox(`${person}/${tab}`);
  outbox.adopt(new Set([...openTabs].map((open) => `${person}/${open}`)), `${person}/`);
  views.clear();
  client = new Client({ url: `${location.origin.replace(/^http/, "ws")}/ws`, name, key, token, outbox });
  hear(client);
  const room = roomFromAddress();
  for (const remembered of rememberedRooms()) track(remembered);
  open(room);
  client.connect();
  return undefined;
}

memory.takeTokenFromAddress();
start();
