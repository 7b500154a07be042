// Requests about files: with the client's token, and with its errors.

import { type Token, tokenOf } from "../connection.ts";
import { Refused } from "../errors.ts";

/** Where the server is, and who asks. */
export interface Place {
  base: string;
  token: Token | undefined;
  /** Whom the browser's cookie should be of, if that is an account. */
  name?: string | undefined;
  /** The token that was given last. */
  given?: Promise<string | undefined> | undefined;
}

/** A status that says nothing about the request itself, if it is a proxy's: too large, too slow, too many, or out of order. */
const PASSING = /^(408|413|429|5..)$/;

/** Send a request. Rejects with `Refused`, or with another error that may pass. */
export async function request(place: Place, path: string, { headers, ...given }: RequestInit = {}): Promise<Response> {
  place.given ??= tokenOf(place.token);
  const token = await place.given;
  const account = place.name?.startsWith("@") ? { "Hubbub-Account": place.name } : undefined;
  const who = token === undefined ? account : { Authorization: `Bearer ${token}` };
  const credentials = token === undefined ? "same-origin" : "omit";
  const answer = await fetch(`${place.base}/api/v1${path}`, { ...given, credentials, headers: { ...headers, ...who } });
  if (answer.ok) return answer;
  const { code, detail, hint, temporary, retry_after } = await answer.json().catch(() => ({}));
  if (!code && PASSING.test(`${answer.status}`)) throw new Error(`The server answers ${answer.status}`);
  if (!code) throw new Refused({ code: "internal", message: `The server answers ${answer.status}`, temporary: false });
  throw new Refused({ code, message: hint ? `${detail}. ${hint}` : detail, temporary, retry_after });
}

/** Forget a token that was refused, if there may be another. */
export function renew(place: Place): boolean {
  place.given = undefined;
  return typeof place.token === "function";
}
