// The page: puts the connection, the rooms and the screen together.

import { Client } from "/web/client.js";
import { avatar, byId, harmless, hue, make } from "/web/dom.js";
import { apply, prepend, viewOf } from "/web/fold.js";
import { Outbox, identifyTab } from "/web/outbox.js";
import { Timeline } from "/web/timeline.js";

const GRACE = 2000; // milliseconds without a connection before the page says so
const TYPING_EVERY = 3000;
const ROOMS_EVERY = 30_000;
const LOBBY = "lobby";

const views = new Map(); // room -> {view, unread, members, count, typing}
let client;
let current;
let replyTo;
const drafts = new Map();

// --- who one is ---

/** `?name=` is for this tab alone; else one is the same person in every tab of the browser. */
function identity() {
  const asked = new URLSearchParams(location.search).get("name");
  const store = asked || sessionStorage.getItem("hubbub.name") ? sessionStorage : localStorage;
  if (asked && asked !== store.getItem("hubbub.name")) keepName(store, asked);
  return { store, name: store.getItem("hubbub.name"), key: store.getItem("hubbub.key") };
}

function keepName(store, name) {
  store.setItem("hubbub.name", name);
  store.setItem("hubbub.key", crypto.randomUUID());
}

function askName(why = "", name = "") {
  client?.close();
  byId("app").hidden = true;
  byId("welcome").hidden = false;
  byId("welcome-why").textContent = why;
  byId("welcome-name").value = name;
  byId("welcome-name").focus();
}

byId("welcome-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("welcome-name").value.trim().normalize("NFC");
  if (!name) return;
  keepName(identity().store, name);
  start();
});
byId("rename").addEventListener("click", () => askName("", identity().name));

// --- rooms ---

function roomFromAddress() {
  const hash = decodeURIComponent(location.hash.slice(1));
  return hash || new URLSearchParams(location.search).get("room") || LOBBY;
}

function rememberedRooms() {
  try {
    return JSON.parse(localStorage.getItem("hubbub.rooms")) ?? [LOBBY];
  } catch {
    return [LOBBY];
  }
}

function track(room) {
  if (!views.has(room)) {
    views.set(room, { unread: 0, members: new Set(), count: 0, typing: new Map() });
    localStorage.setItem("hubbub.rooms", JSON.stringify([...views.keys()]));
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
  document.body.classList.remove("menu-open");
  byId("menu").setAttribute("aria-expanded", "false");
  if (location.hash.slice(1) !== encodeURIComponent(room)) history.replaceState(null, "", `#${encodeURIComponent(room)}`);
  showRoom();
  showRooms();
  showComposer();
}

async function listRooms() {
  try {
    const { rooms } = await (await fetch("/api/v1/rooms?limit=200")).json();
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
  if (!/^[\p{L}\p{N}\p{M}_\-.:@+~]{1,64}$/u.test(room)) {
    toast("A room's name has letters, digits and any of _ - . : @ + ~");
    return;
  }
  byId("room-name").value = "";
  open(room);
});

// --- what is shown ---

function showRooms() {
  const names = [...new Set([...views.keys(), ...known])].sort((a, b) => a.localeCompare(b));
  byId("rooms").replaceChildren(
    ...names.map((room) => {
      const unread = views.get(room)?.unread ?? 0;
      const button = make(
        "button",
        { type: "button", onclick: () => open(room), attributes: room === current ? { "aria-current": "page" } : {} },
        make("span", { className: "hash", attributes: { "aria-hidden": "true" } }, "#"),
        make("bdi", {}, harmless(room)),
      );
      if (unread) button.append(make("span", { className: "badge", attributes: { "aria-label": `${unread} unread` } }, String(unread)));
      return make("li", {}, button);
    }),
  );
  const unread = [...views.values()].reduce((sum, place) => sum + place.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${harmless(current ?? "")} – hubbub`;
  byId("menu-unread").hidden = !unread;
}

function showRoom() {
  const { view } = views.get(current);
  timeline.show(view ?? { messages: new Map(), more: true }, pending(current), client.name);
  timeline.toEnd();
  showMembers();
  showTyping();
}

function pending(room) {
  return client.outbox.entries
    .filter((entry) => entry.room === room)
    .map((entry) => ({ ...entry, isUnsure: client.state !== "connected" }));
}

function showMembers() {
  const { members, count } = views.get(current);
  byId("members").textContent = count === 1 ? "1 person" : `${count} people`;
  byId("members").setAttribute("aria-label", `${count} here`);
  byId("member-list").replaceChildren(
    ...[...members].sort().map((name) => make("li", {}, avatar(name), make("bdi", {}, harmless(name)))),
  );
}

function showTyping() {
  const names = [...views.get(current).typing.keys()].map(harmless);
  const verb = names.length === 1 ? "is" : "are";
  byId("typing").textContent = names.length ? `${names.slice(0, 3).join(", ")} ${verb} typing…` : "";
}

function showComposer() {
  const text = byId("text");
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 200)}px`;
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
  if (current) timeline.showPending(pending(current));
}

byId("retry-now").addEventListener("click", () => client.connect());
addEventListener("online", () => client && client.state === "waiting" && client.connect());
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !client) return;
  if (client.state === "waiting") client.connect();
  if (current) views.get(current).unread = 0;
  showRooms();
});
addEventListener("pagehide", () => client?.close());
addEventListener("pageshow", (event) => event.persisted && start());

function hear(client) {
  const on = (type, act) => client.addEventListener(type, ({ detail }) => act(detail));
  on("state", (detail) => {
    if (detail.state === "refused") askName(detail.error.message, client.name);
    else showState(detail);
  });
  on("snapshot", ({ room, snapshot }) => {
    const place = track(room);
    place.view = viewOf(snapshot);
    setMembers(place, snapshot.members.names, snapshot.members.count);
    if (room === current) showRoom();
  });
  on("event", ({ room, event }) => take(room, event));
  on("outbox", ({ room }) => room === current && timeline.showPending(pending(room)));
  on("signal", ({ signal }) => takeSignal(signal));
  on("problem", ({ error }) => toast(error.message));
}

function take(room, event) {
  const place = views.get(room);
  if (!place?.view) return;
  const seq = apply(place.view, event);
  const isPost = event.event === "posted";
  if (isPost) place.typing.delete(event.by);
  const isSeen = room === current && !document.hidden;
  if (isPost && event.by !== client.name && !isSeen) {
    place.unread += 1;
    showRooms();
  }
  if (room !== current || seq === undefined) return;
  if (isPost) timeline.append(seq);
  else timeline.update(seq);
  showTyping();
}

function takeSignal(signal) {
  const place = views.get(signal.room);
  if (!place) return;
  if (signal.signal === "presence") {
    const names = signal.names ?? [...place.members, ...(signal.joined ?? [])].filter((name) => !signal.left?.includes(name));
    setMembers(place, signal.count > 100 ? [] : names, signal.count);
  } else if (signal.signal === "typing" && signal.by !== client.name) {
    clearTimeout(place.typing.get(signal.by));
    const forget = () => {
      place.typing.delete(signal.by);
      if (signal.room === current) showTyping();
    };
    place.typing.set(signal.by, setTimeout(forget, 1000 * signal.ttl));
  }
  if (signal.room === current) {
    showMembers();
    showTyping();
  }
}

function setMembers(place, names, count) {
  place.members = new Set(names);
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
  if (key.isComposing) return; // an input method is choosing characters
  if (key.key === "Enter" && !key.shiftKey && !isTouch) {
    key.preventDefault();
    send();
  } else if (key.key === "ArrowUp" && !text.value) {
    const mine = [...(views.get(current).view?.messages.values() ?? [])].filter((m) => m.by === client.name && m.text !== undefined);
    if (!mine.length) return;
    key.preventDefault();
    timeline.editInPlace(mine.at(-1).seq);
  } else if (key.key === "Escape" && replyTo) {
    replyTo = undefined;
    showComposer();
  }
});

const ask = (command) => client.ask({ room: current, ...command }).catch((error) => toast(error.message));
let isLoading = false;

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
  older: async () => {
    const room = current;
    const { view } = views.get(room);
    const first = view?.messages.keys().next().value;
    if (isLoading || first === undefined || client.state !== "connected") return;
    isLoading = true;
    const page = await ask({ do: "history", before: first, limit: 100 });
    isLoading = false;
    if (!page || views.get(room).view !== view) return;
    prepend(view, page.messages, page.more);
    if (room === current) timeline.showOlder(pending(room));
  },
});

// --- menu ---

byId("menu").addEventListener("click", () => {
  const isOpen = document.body.classList.toggle("menu-open");
  byId("menu").setAttribute("aria-expanded", String(isOpen));
});
byId("members").addEventListener("click", () => {
  const list = byId("member-list");
  list.hidden = !list.hidden;
  byId("members").setAttribute("aria-expanded", String(!list.hidden));
});
document.addEventListener("keydown", (key) => {
  if (key.key !== "Escape") return;
  byId("member-list").hidden = true;
  document.body.classList.remove("menu-open");
});
addEventListener("hashchange", () => client && open(roomFromAddress()));
setInterval(() => client?.state === "connected" && !document.hidden && listRooms(), ROOMS_EVERY);

// --- begin ---

async function start() {
  const { name, key } = identity();
  if (!name) return askName();
  byId("welcome").hidden = true;
  byId("app").hidden = false;
  byId("my-name").textContent = harmless(name);
  byId("me").textContent = harmless([...name][0].toUpperCase());
  byId("me").style.setProperty("--hue", hue(name));
  const { tab, openTabs } = await identifyTab();
  const outbox = new Outbox(`${name}.${tab}`);
  outbox.adopt(new Set([...openTabs].map((open) => `${name}.${open}`)), `${name}.`);
  views.clear();
  client = new Client({ url: `${location.origin.replace(/^http/, "ws")}/ws`, name, key, outbox });
  hear(client);
  const room = roomFromAddress();
  for (const remembered of rememberedRooms()) track(remembered);
  open(room);
  client.connect();
  if (!isTouch) text.focus();
  return undefined;
}

start();
