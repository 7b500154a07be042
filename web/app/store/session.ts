// Begins as whoever the browser is, an account, the holder of a token, or a guest, and ends it.

import { batch, signal } from "@preact/signals";
import { type Client, connect, Refused, type Status, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import type { Told } from "../offline/leader.ts";
import { comeBack, isMissedLinked, showMissed } from "./absence.ts";
import { Account, type Known } from "./account.ts";
import { type Goal, isMade, linkedRoom, showRoot, takeEntered, takeWayIn } from "./address.ts";
import { linkedPart, openAdmin } from "./admin.ts";
import { banner, hearState, stopWaiting } from "./connection.ts";
import { keepDrafts, openDrafts } from "./drafts.ts";
import { follow } from "./hearing.ts";
import { goTo, goToLine } from "./history.ts";
import { askWhose, call } from "./http.ts";
import { deviceOf, flush, forgetDevice, forgetRooms, openDevice, readAhead } from "./kept.ts";
import * as memory from "./memory.ts";
import { goalFromAddress, identity, isRoomName, rememberedRooms, roomFromAddress, roomInFragment } from "./memory.ts";
import { meetAuthors } from "./names.ts";
import { leaveTabs, openOutbox, seeRoom, tell } from "./outbox.ts";
import { watchPeople } from "./presence.ts";
import { lookAgain, readOn } from "./reading.ts";
import { drawLineOnce, listRooms, lookUp, open, track } from "./rooms.ts";
import { screen, showEntry, showGone } from "./screen.ts";
import { linkedSearch, showSearch } from "./seeking.ts";
import { takeDrafts, takeDraftsOnce, tellDrafts } from "./sharing.ts";
import { accountOf, clientOf, connection, current, isVisible, places, session, tracked, wanted } from "./state.ts";

const ROOMS_EVERY = 30_000;
let starts = 0;
const UNAUTHENTICATED = new Set([401, 4401]); // the status of a request, and the close code

/** What the server's settings leave open. */
export interface Open {
  sign_up: boolean;
  guests: boolean;
  provider: string | null;
}

/** Whether the server has an owner, as far as it has said. */
export const isClaimed = signal(true);

/** Begin, and go on as the browser wants it. */
export function begin(): void {
  addEventListener("hashchange", () => {
    if (!enterBy() && memory.takeTokenFromAddress()) start();
  });
  addEventListener("popstate", () => clientOf() && !location.hash.startsWith("#token=") && openAgain());
  for (const change of ["online", "offline"]) addEventListener(change, () => clientOf()?.check());
  addEventListener("pagehide", () => {
    clientOf()?.close();
    leaveTabs();
  });
  addEventListener("visibilitychange", () => document.hidden && keepNow());
  addEventListener("pageshow", (event) => event.persisted && clientOf() && start());
  setInterval(() => clientOf()?.status.state === "connected" && isVisible.peek() && listRooms(), ROOMS_EVERY);
  setInterval(comeBack, ROOMS_EVERY);
  memory.takeTokenFromAddress();
  if (takeEntered()) checkSession();
  else if (!enterBy()) start();
}

/** Keep what waits for that: the page may not be seen again. */
function keepNow(): void {
  flush();
  keepDrafts();
  accountOf()?.keep();
}

/** The page is seen again, or no longer. */
export function seen(isSeen: boolean): void {
  isVisible.value = isSeen;
  comeBack();
  if (isSeen) takeDrafts();
  else tellDrafts();
  const place = places.get(current.peek());
  if (!isSeen || !place) return;
  clientOf()?.check();
  seeRoom(current.peek());
  lookAgain();
}

/** Show the way in that the address leads to. Returns whether it leads to one. */
function enterBy(): boolean {
  const found = takeWayIn();
  if (!found) return false;
  clientOf()?.close();
  if (found.token) showEntry(found.way, found.token);
  else showGone(t.linkIncomplete);
  return true;
}

/** Who the browser is: the key of an account, or a name with what proves it. */
function whoBegins(): { token?: string; account?: string; name: string; key: string | null; person: string } {
  const token = memory.keptToken();
  const owner = memory.tokenOwner();
  if (token) return { token, name: owner.name, key: null, person: `/${owner.id}` }; // no name has a slash, so no guest takes its outbox
  const account = memory.keptAccount();
  if (account) return { account, name: "", key: null, person: account };
  const { name, key } = identity();
  return { name: name ?? "", key, person: name ?? "" };
}

export async function start(): Promise<void> {
  clientOf()?.close();
  session.value = undefined;
  const { token, account, name, key, person } = whoBegins();
  const { room: linked } = goalFromAddress();
  if (!account && !token && !name && isMade(linked)) {
    logIn(t.logInToOpen);
    return;
  }
  if (!account && !token && !name) {
    await askWho();
    return;
  }
  screen.value = { kind: "app" };
  const mine = ++starts;
  places.clear();
  tracked.value = [];
  await keepDrafts(); // of whoever it was up to now
  const device = await openDevice(person, token !== undefined);
  readAhead(linked);
  const [known, names, who = ""] = await Promise.all([
    device.get<Known>("account"),
    device.get<Record<string, wire.Author>>("names"),
    device.get<string>("who"),
    openDrafts(),
  ]);
  await openOutbox(person, hearTabs);
  if (mine !== starts) return;
  meetAuthors({ people: names ?? {} });
  const client = connect(location.origin, { name: token ? undefined : (account ?? name), key, token });
  batch(() => {
    connection.value = client.status;
    session.value = { client, name, token, who, account: account ? new Account(account, client, known, accountChanged) : undefined };
  });
  hear(client);
  for (const remembered of rememberedRooms()) track(remembered);
  await openAddress();
}

async function hear(client: Client): Promise<void> {
  for await (const status of client.statuses()) if (client === clientOf()) stateChanged(client, status);
}

/** Another tab has done something that matters to this one. */
function hearTabs(told: Told): void {
  if (told.kind === "logged out") leave();
  if (told.kind !== "read") return;
  const place = places.get(told.room);
  if (place) place.unread.value = 0;
}

/** Connect at once, also if the server has ended the connection. */
export function retry(): void {
  if (clientOf()?.status.state === "closed") start();
  else clientOf()?.check();
}

/** Open what the address leads to by now: somebody has changed it, or gone back to another one. */
function openAgain(): void {
  const [part, search] = [linkedPart(), linkedSearch()];
  if (roomInFragment()) openGoal(goalFromAddress());
  else if (part) openAdmin(part);
  else if (search) showSearch(search);
  else if (isMissedLinked()) showMissed();
  else openGoal(goalFromAddress());
}

/** Open the room, and the message, that the address leads to, and what it leads to over that. */
async function openAddress(): Promise<void> {
  const [part, search, isMissed] = [linkedPart(), linkedSearch(), isMissedLinked()];
  const isAlone = !part && !search && !isMissed; // else the address stays, also where it is reloaded meanwhile
  await openGoal(goalFromAddress(), isAlone);
  if (isAlone) return;
  if (part) openAdmin(part);
  else if (search) showSearch(search, current.peek());
  else showMissed();
}

async function openGoal({ room: named, seq }: Goal, showsAddress = true): Promise<void> {
  let room = named;
  if (room.startsWith("#")) {
    const found = await call<{ room: string }>("GET", `/rooms/${encodeURIComponent(room)}`).catch(() => undefined);
    room = found?.room ?? roomFromAddress();
  }
  if (!isRoomName(room)) room = roomFromAddress();
  wanted.value = seq === undefined ? undefined : { room, seq };
  open(room, showsAddress);
  if (seq !== undefined && places.get(room)?.view) goTo(room, seq);
}

/** A click on a link to a room of this server opens it here, and not the page anew. */
export function followHere(click: MouseEvent): void {
  const link = click.target instanceof Element ? click.target.closest("a") : null;
  const isPlain = click.button === 0 && !click.altKey && !click.ctrlKey && !click.metaKey && !click.shiftKey;
  if (!link?.href || !isPlain || !clientOf() || new URL(link.href).origin !== location.origin) return;
  const goal = linkedRoom(new URL(link.href));
  if (!goal) return;
  click.preventDefault();
  openGoal(goal);
}

function stateChanged(client: Client, status: Status): void {
  const account = accountOf();
  const isHere = status.state === "connected";
  if (status.state === "closed") ended(client, status);
  else if (isHere && isNewToUs(client)) getToKnow(client);
  else hearState(client, status);
  if (isHere) keepWho(client);
  else readOn(); // what this device keeps is all there is
  if (account && status.state === "disconnected") checkSession(); // who has none is not even connected
}

/** Who one is, for when the page begins without a server; and what authors are called. */
function keepWho({ welcome }: Client): void {
  deviceOf()?.set("who", welcome?.id ?? "");
}

/** The client has ended: the page itself closed it, the server refuses who this is, or it is of no use to try again. */
async function ended(client: Client, status: Status): Promise<void> {
  if (client === clientOf()) leaveTabs(); // another tab may still have a connection
  const error = await client.open().catch((why: Error) => why);
  if (client !== clientOf()) return;
  if (error instanceof Refused) refuse(error);
  else if (accountOf() && status.code) checkSession();
  else if (session.peek()?.token && UNAUTHENTICATED.has(status.code ?? 0)) refuse({ code: "unauthenticated", message: "" });
  else if (status.code || status.reason) hearState(client, status);
}

/** Something of the account's was changed. */
function accountChanged(): void {
  comeBack();
  const account = accountOf();
  const room = current.peek();
  if (account?.rooms.has(room)) follow(room); // it may not have been readable before
  lookUp();
  takeDraftsOnce();
  if (drawLineOnce()) goToLine(room, undefined, true);
  watchPeople();
  readOn();
}

/** Whose token this is, and so whose unsent messages are to be sent, only the server knows. */
function isNewToUs({ user, welcome }: Client): boolean {
  const owner = memory.tokenOwner();
  return session.peek()?.token !== undefined && (owner.name !== user || owner.id !== (welcome?.id ?? ""));
}

function getToKnow({ user, welcome }: Client): void {
  memory.keepTokenOwner({ name: user, id: welcome?.id ?? "" });
  start();
}

// --- who one is ---

/** Ask which ways in the server's settings leave open. */
/** Ask which ways in are open, and whether the server is claimed. */
export async function askOpen(): Promise<Open> {
  try {
    const { claimed, ...open } = await call<Open & { claimed: boolean }>("GET", "/ways");
    isClaimed.value = claimed;
    return open;
  } catch {
    return { sign_up: false, guests: true, provider: null };
  }
}

/** Show the first screen, which asks for a name, or to log in where guests may not come in. */
async function askWho(): Promise<void> {
  if ((await askOpen()).guests) askName();
  else logIn();
}

/** Ask for a name; with `needsToken`, for a token. */
export function askName(why = "", name = "", needsToken = false): void {
  leaveRoom();
  screen.value = { kind: "welcome", why, name, needsToken };
}

export function logIn(why = ""): void {
  leaveRoom();
  showEntry("login", "", why);
}

function leaveRoom(): void {
  clientOf()?.close();
  stopWaiting();
  banner.value = "";
}

/** The server does not accept who this is. */
function refuse({ code, message }: { code: string; message: string }): void {
  const { name = "", token } = session.peek() ?? {};
  if (accountOf()) checkSession();
  else if (code !== "unauthenticated") askName(message, name);
  else if (token) askName(t.tokenRefused, "", true);
  else askName(t.noGuests, name, true);
  memory.forgetToken();
}

/** Ask for another name, or another token. */
export const rename = (): void => askName("", identity().name ?? "", memory.keptToken() !== null);

/** Come in with a token, or as a guest of this name. */
export function enterAs({ name, token }: { name: string; token: string }): void {
  if (token) memory.keepToken(token);
  else {
    memory.forgetToken();
    memory.keepName(name);
  }
  start();
}

/** One is in, as this account. */
export function entered(key: string): void {
  memory.keepAccount(key);
  if (!linkedRoom()) showRoot();
  start();
}

export function asGuest(): void {
  if (identity().name) start();
  else askName();
}

/** The session may have ended, or be another's by now: another tab has the same cookie. */
export async function checkSession(): Promise<void> {
  try {
    const { account: key } = await askWhose();
    const client = clientOf();
    if (accountOf()?.key === key && client?.status.state !== "closed") return;
    memory.keepAccount(key);
    start();
  } catch (error) {
    if ((error as Refused).code !== "unauthenticated") return; // the connection's own state says what is wrong
    memory.forgetAccount();
    await forgetRooms();
    await call("POST", "/logout").catch(() => {}); // so that the browser forgets the cookie
    logIn(t.sessionEnded);
  }
}

export async function logOut(): Promise<void> {
  await call("POST", "/logout").catch((error: Error) => {
    if ((error as Refused).code !== "unauthenticated") throw error; // it has ended, or is another's by now
  });
  await forgetMe();
}

/** Leave nothing of an account that is no longer logged in here, in any tab. */
export async function forgetMe(): Promise<void> {
  tell({ kind: "logged out" });
  const account = accountOf();
  if (account) memory.clearOf(account.key);
  await forgetDevice();
  leave();
}

function leave(): void {
  clientOf()?.close();
  leaveTabs();
  location.replace("/"); // nothing of what was shown stays
}
