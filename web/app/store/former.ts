// What versions of the page before this one kept in localStorage: unsent messages are taken over once.

import type { Device, Waiting } from "../offline/db.ts";

/** An entry as the former two versions kept it. */
type Former = {
  client_message_id?: string;
  room?: string;
  text?: string;
  reply_to?: number;
  at?: string | number;
  failed?: string;
  post?: Former;
};

/** Take over what a person's former pages have left unsent. */
export async function takeFormer(person: string, device: Device): Promise<void> {
  if (!device.isThere) return; // there it stays as it is
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(`hubbub.outbox.${person}/`));
  if (!keys.length) return;
  await device.add(keys.flatMap((key) => entriesIn(localStorage.getItem(key))));
  if (device.trouble === "none") for (const key of keys) localStorage.removeItem(key);
}

function entriesIn(text: string | null): Waiting[] {
  try {
    return (JSON.parse(text ?? "[]") as Former[]).flatMap(waitingFrom);
  } catch {
    return [];
  }
}

function waitingFrom({ post, at, failed, ...entry }: Former): Waiting[] {
  const { client_message_id, room, text, reply_to } = post ?? entry;
  if (!client_message_id || !room || !text) return [];
  const command = { do: "post", text, ...(reply_to && { reply_to }) };
  return [{ client_message_id, room, command, at: at ? new Date(at).getTime() : Date.now(), ...(failed && { failed }) }];
}
