// Pictures that stand for accounts and rooms.

import { type Place, request } from "./requests.ts";
import type { UploadedFile } from "./upload.ts";

/** Set a picture, or remove it. See `Client.setAvatar`. */
export async function setAvatar(place: Place, whose: string, picture: UploadedFile | string | null): Promise<void> {
  const file = typeof picture === "object" ? (picture?.file ?? "") : picture;
  const path = `/${whose.startsWith("@p") ? "people" : "rooms"}/${encodeURIComponent(whose)}/avatar`;
  await request(place, path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ file }) });
}
