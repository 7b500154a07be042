// Notifications on this device: whether its browser allows them and the server sends them, and those of this page while it is open.

import type { Me, MyChange, MyRoom, MyThread, OneMessage } from "#sdk";
import { t } from "../i18n/index.ts";
import { wordsOf } from "./files.ts";
import { command, goTo } from "./history.ts";
import { call } from "./http.ts";
import { nameOf } from "./names.ts";
import { isLeader } from "./outbox.ts";
import { isReadingThread, isThread, openThread } from "./panel.ts";
import { isReading } from "./reading.ts";
import { open } from "./rooms.ts";
import { clientOf, places, wanted } from "./state.ts";

/** Why this device can't be notified, or how far it is: not at all, while a page is open, or always. */
export type Standing = "insecure" | "unavailable" | "refused" | "off" | "open" | "on";

export interface Device {
  standing: Standing;
  /** Whether notifications say what was written. */
  showsText: boolean;
}

interface Subscribed {
  key: string;
  endpoint: string | null;
  shows_text: boolean;
}

const TEXT = "hubbub.notify.text";
const SUBSCRIPTION = "/me/subscription";

const showsText = (): boolean => localStorage.getItem(TEXT) !== null;

const worker = (): Promise<ServiceWorkerRegistration | undefined> | undefined =>
  (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.getRegistration();

/** How this device stands. */
export async function device(): Promise<Device> {
  return { standing: await standing(), showsText: showsText() };
}

async function standing(): Promise<Standing> {
  if (!isSecureContext) return "insecure";
  const registration = await worker();
  if (!registration || !("Notification" in window)) return "unavailable";
  if (Notification.permission === "denied") return "refused";
  if (Notification.permission !== "granted") return "off";
  const here = await registration.pushManager?.getSubscription();
  const { endpoint } = await call<Subscribed>("GET", SUBSCRIPTION);
  return here && here.endpoint === endpoint ? "on" : "open";
}

/** Have this device notified. The browser asks its person first, so this must follow from a click. */
export async function notifyHere(text: boolean): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new Error(t.notAllowedByBrowser);
  localStorage[text ? "setItem" : "removeItem"](TEXT, "");
  const { key } = await call<Subscribed>("GET", SUBSCRIPTION);
  const here = await subscribed(key).catch(() => undefined);
  const { endpoint, keys } = here?.toJSON() ?? {};
  if (!endpoint) throw new Error(t.noPushService);
  await call("PUT", SUBSCRIPTION, { endpoint, ...keys, shows_text: text });
}

/** The browser's subscription with a key; one with another key, as of a server that was set up anew, goes. */
async function subscribed(key: string): Promise<PushSubscription | undefined> {
  const manager = (await worker())?.pushManager;
  const options = { userVisibleOnly: true, applicationServerKey: key };
  return manager?.subscribe(options).catch(async () => {
    await (await manager.getSubscription())?.unsubscribe();
    return manager.subscribe(options);
  });
}

/** Have this device notified only while a page is open. */
export async function notifyNoLonger(): Promise<void> {
  await call("DELETE", SUBSCRIPTION);
  await (await (await worker())?.pushManager?.getSubscription())?.unsubscribe();
}

// --- while a page is open ---

/** Open what is clicked. */
export function beginToNotify(): void {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  workers?.addEventListener("message", ({ data }) => data?.open && openMessage(data.open));
}

/** What the service worker says was clicked: a message, with the thread about it if that was answered. */
interface Clicked {
  room: string;
  seq: number;
  thread: boolean;
}

function openMessage({ room, seq, thread }: Clicked): void {
  if (!room || !clientOf()) return;
  wanted.value = { room, seq };
  open(room);
  if (places.get(room)?.view) goTo(room, seq);
  if (thread) openThread(seq);
}

/** Something of the account's changed: it may be worth a notification, or one is to be taken away. */
export function notice(me: Me, change: MyChange): void {
  for (const each of change.change === "refreshed" ? change.changes : [change]) {
    const row = rowOf(each);
    if (row && !row.unread && "before" in each && (each.before as MyRoom | MyThread).unread) takeAway(keyOf(row));
  }
  const row = rowOf(change); // a mention may be counted after its message
  if (!row || !isLeader() || isSeen(keyOf(row)) || !me.shouldNotify(change)) return;
  if ("Notification" in window && Notification.permission === "granted") tell(me, row, change); // to ask for that takes the browser a while
}

/** The room or the thread that a change is about. */
const rowOf = (change: MyChange): MyRoom | MyThread | undefined =>
  "room" in change ? change.room : "thread" in change ? change.thread : undefined;

const keyOf = (row: MyRoom | MyThread): string => ("thread" in row ? row.thread : row.room);

const isSeen = (room: string): boolean => (isThread(room) ? isReadingThread(room) : isReading(room));

async function takeAway(room: string): Promise<void> {
  for (const each of (await (await worker())?.getNotifications({ tag: room })) ?? []) each.close();
}

/** Have the service worker show what has come, as it shows what is pushed. */
async function tell(me: Me, row: MyRoom | MyThread, change: MyChange): Promise<void> {
  const before = "before" in change && change.before && "mentions" in change.before ? change.before.mentions : 0;
  const told = { room: keyOf(row), seq: row.head, mention: row.mentions > before };
  const found = showsText() ? await message(told).catch(() => undefined) : undefined;
  const title = me.rooms.get(row.room)?.title ?? "";
  const more = found && { title, by: nameOf(found.message.by), text: wordsOf(found.message) ?? "" };
  (await worker())?.active?.postMessage({ notify: { ...told, ...more } });
}

const message = ({ room, seq }: { room: string; seq: number }): Promise<OneMessage> => command("get_message", { room, seq });
