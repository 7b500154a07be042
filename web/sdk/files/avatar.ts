// Pictures that stand for accounts and rooms.

import { type Place, request } from "./requests.ts";

/** Set a picture, or remove it if `file` is empty. See `Client.setAvatar`. */
export async function setAvatar(place: Place, whose: string, file: string): Promise<void> {
  const path = `/${whose.startsWith("@p") ? "people" : "rooms"}/${encodeURIComponent(whose)}/avatar`;
  await request(place, path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ file }) });
}
