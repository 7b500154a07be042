// Downloading: what `fetch` answers, with the client's token.

import { Refused } from "../errors.ts";
import { type Place, renew, request } from "./requests.ts";

export interface DownloadOptions {
  /** Only these bytes, such as `bytes=0-99`. */
  range?: string | undefined;
  /** Of a picture, a smaller copy that fits into a square of so many pixels. */
  thumbnail?: 360 | 1280 | undefined;
  signal?: AbortSignal | undefined;
}

/** Get a file. See `Client.download`. */
export async function download(place: Place, file: string, { range, thumbnail, signal }: DownloadOptions = {}): Promise<Response> {
  const path = `/files/${encodeURIComponent(file)}${thumbnail ? `/thumbnails/${thumbnail}` : ""}`;
  const ask = () => request(place, path, { headers: range ? { Range: range } : {}, signal: signal ?? null });
  return ask().catch((error: Error) => {
    if (error instanceof Refused && error.code === "unauthenticated" && renew(place)) return ask();
    throw error;
  });
}
