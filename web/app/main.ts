// The page: begins as whoever the browser is, and puts the views together.

import { Client } from "#sdk";
import { Account } from "./account.ts";
import { hear } from "./connection.ts";
import * as dialogs from "./dialogs.ts";
import { byId, harmless, hue } from "./dom.ts";
import { showEntry, showGone } from "./entry.ts";
import { timeline } from "./history.ts";
import { call } from "./http.ts";
import * as memory from "./memory.ts";
import { identity, isRoomName, rememberedRooms, roomFromAddress } from "./memory.ts";
import { nameOf } from "./names.ts";
import { readOn } from "./reading.ts";
import { showInstead, showMembers, showTitle } from "./room.ts";
import { isMade, linkedRoom, takeEntered, takeWayIn } from "./routes.ts";
import { listed, listOpenRooms, listRooms, open, showRooms, track } from "./sidebar.ts";
import { now, places } from "./state.ts";
import { identifyTab, outboxOf } from "./tabs.ts";
import { askWho, checkSession, logIn, logOut, ways } from "./welcome.ts";

const ROOMS_EVERY = 30_000;

addEventListener("hashchange", () => {
  if (enterBy()) return;
  if (memory.takeTokenFromAddress()) start();
  else if (now.client) open(roomFromAddress());
});

setInterval(() => now.client?.state === "connected" && !document.hidden && listRooms(), ROOMS_EVERY);

/** Whose token this is, and so whose unsent messages are to be sent, only the server knows. */
export function isNewToUs({ token, user }: Client): boolean {
  const owner = memory.tokenOwner();
  return token !== null && (owner.name !== user?.user || owner.id !== (user.id ?? ""));
}

export function getToKnow({ user }: Client): void {
  if (user) memory.keepTokenOwner({ name: user.user, id: user.id ?? "" });
  start();
}

/** Show the way in that the address leads to. Returns whether it leads to one. */
function enterBy(): boolean {
  const found = takeWayIn();
  if (!found) return false;
  now.client?.close();
  if (found.token) showEntry(found.way, found.token, ways);
  else showGone(ways, "The part after # is missing.");
  return true;
}

/** Begin as whoever the browser is: an account, the holder of a token, or a guest. */
export async function start(): Promise<void> {
  now.client?.close();
  now.account = undefined;
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
    await askWho();
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
  now.client = new Client({ url: `${location.origin.replace(/^http/, "ws")}/ws`, name, key: proof, token, outbox });
  if (key) now.account = new Account(key, now.client, showChange);
  hear(now.client);
  for (const remembered of rememberedRooms()) track(remembered);
  await openAddress();
  now.client.connect();
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
  now.wanted = linked?.seq === undefined ? undefined : { room, seq: linked.seq };
  open(room);
}

/** Show who one is, and what only accounts can do. */
function showWho(by: string): void {
  const name = nameOf(by);
  const isMe = now.account !== undefined || by.startsWith("@");
  byId("my-name").textContent = isMe && !now.account?.hasStarted ? "" : harmless(name);
  byId("me").textContent = harmless(([...name][0] ?? "").toUpperCase());
  byId("me").style.setProperty("--hue", String(hue(by)));
  for (const id of ["account-tools", "account"]) byId(id).hidden = !isMe;
  byId("rename").hidden = isMe;
}

/** Something of the account's was changed. */
function showChange(what: "rooms" | "people" | "listed" | "emoji", person?: string): void {
  if (!now.account) return;
  showWho(now.account.key);
  showRooms();
  if (what === "people" && person) timeline.rename(person);
  if (what === "emoji") timeline.showEmoji();
  if (what !== "rooms") return;
  if (isMade(now.current)) {
    showTitle();
    showInstead();
    if (now.account.rooms.has(now.current) && places.get(now.current)?.refused) now.client?.follow(now.current);
    if (!now.account.rooms.has(now.current) && !listed.has(now.current)) listOpenRooms();
  }
  readOn();
  showMembers();
  showMayInvite();
}

const invites: { by: string; roles: string[] } = { by: "", roles: [] }; // for which roles one may make them

async function showMayInvite(): Promise<void> {
  const by = `${now.account?.key} ${now.account?.role}`;
  if (invites.by !== by) {
    invites.by = by;
    invites.roles = (await call<{ roles: string[] }>("GET", "/invites").catch(() => ({ roles: [] }))).roles;
  }
  byId("invite-to-server").hidden = !invites.roles.length;
}

function doing(): dialogs.Doing | undefined {
  if (!now.account || !now.client) return undefined;
  const [mine, connection] = [now.account, now.client];
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
  const row = can.account.rooms.get(now.current);
  if (row) dialogs.aboutRoom(row, can);
});

memory.takeTokenFromAddress();

if (takeEntered()) checkSession();
else if (!enterBy()) start();
