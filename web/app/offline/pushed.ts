// Notifications: those that the server pushes while nobody is at a page, and those that an open page wants to be shown.

import { w } from "../i18n/worker.ts";

declare const self: ServiceWorkerGlobalScope;

/** What there is to tell of a message. */
interface Told {
  room: string;
  seq: number;
  mention?: boolean;
  title?: string;
  by?: string;
  text?: string;
}

self.addEventListener("push", (event) => event.waitUntil(notify(toldBy(event.data))));
self.addEventListener("message", (event) => event.data?.notify && event.waitUntil(notify(event.data.notify)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

/** What a push says. Browsers want each to show something, even one that can't be read. */
function toldBy(data: PushMessageData | null): Partial<Told> {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

/** Show one notification for each room: a newer one takes its place without another sound. */
function notify({ room, seq, mention, title, by, text }: Partial<Told>): Promise<void> {
  const unnamed = mention ? w.newMention : w.newMessage;
  return self.registration.showNotification(by && title ? w.inRoom(by, title) : by || unnamed, {
    body: text ?? "",
    icon: "/web/icon-192.png",
    tag: room ?? "",
    data: { room, seq },
  });
}

/** Show the message in a page that is open, or else in a new one. */
async function open({ room, seq }: Partial<Told>): Promise<void> {
  const pages = await self.clients.matchAll({ type: "window" });
  const page = pages.find(({ focused }) => focused) ?? pages[0];
  const [parent, root] = (room ?? "").split(":"); // a thread is shown beside the message that it is about
  if (!page) await self.clients.openWindow(parent ? `/r/${parent}/${root ?? seq}` : "/");
  else {
    page.postMessage({ open: { room: parent, seq: Number(root ?? seq), thread: root !== undefined } });
    await page.focus();
  }
}
