// Downloading: what `fetch` answers, with the client's token.

import { Refused } from "../errors.ts";
import { type Place, renew, request } from "./requests.ts";

export interface DownloadOptions {
  /** Only these bytes, such as `bytes=0-99`. */
  range?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Get a file. See `Client.download`. */
export async function download(place: Place, file: string, { range, signal }: DownloadOptions = {}): Promise<Response> {
  const ask = () =>
    request(place, `/files/${encodeURIComponent(file)}`, { headers: range ? { Range: range } : {}, signal: signal ?? null });
  return ask().catch((error: Error) => {
    if (error instanceof Refused && error.code === "unauthenticated" && renew(place)) return ask();
    throw error;
  });
}
