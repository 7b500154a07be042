// Files that messages show: where they are, and how to get them if no cookie speaks for whoever looks.

import type { wire } from "#sdk";
import { type Getter, isPicture } from "./file.ts";
import { call } from "./http.ts";
import { clientOf, session } from "./state.ts";
import { viewIn } from "./window.ts";

/** How a file is got by those who have a token: no cookie goes with the addresses. */
export function getterOf(): Getter | undefined {
  const client = session.value?.token === undefined ? undefined : clientOf();
  return client && ((file, side) => client.download(file, { thumbnail: side }));
}

/** The pictures in the messages of a room that are there, the oldest first. */
export const picturesIn = (room: string): wire.Attached[] =>
  [...(viewIn(room)?.messages.values() ?? [])].flatMap(({ files, deleted }) => (deleted ? [] : (files ?? []))).filter(isPicture);

/** What a message says, or the names of its files. */
export const wordsOf = ({ text, files }: wire.Message): string | undefined => text || (files?.map(({ name }) => name).join(", ") ?? text);

let most: Promise<number | undefined> | undefined;

/** How large a file may be, as far as the server can be asked: again, if one is larger, since admins may have changed it. */
export async function mostBytes(largest: number): Promise<number | undefined> {
  const known = await asked();
  if (known === undefined || largest <= known) return known;
  most = undefined;
  return asked();
}

function asked(): Promise<number | undefined> {
  most ??= fetch("/api/v1/uploads", { method: "OPTIONS" }).then(
    ({ headers }) => Number(headers.get("Tus-Max-Size") ?? Number.NaN) || (headers.has("Tus-Max-Size") ? 0 : undefined),
    () => {
      most = undefined; // without a connection; the server will say it
      return undefined;
    },
  );
  return most;
}

/** Let the server drop a file that is not posted: it takes up space of one's own. */
export function forgetUpload(key: string | undefined): void {
  if (key) call("DELETE", `/uploads/${encodeURIComponent(key)}`).catch(() => {}); // it would expire
}
