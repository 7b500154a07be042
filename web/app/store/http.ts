// Requests to the server that made the page. The browser adds the session's cookie, which may be another account's by now, so each says
// whose it should be; whoever has a token instead gives that.

import { Refused } from "#sdk";
import { t } from "../i18n/index.ts";
import { session } from "./state.ts";

const MOST_LISTED = 2000;

/** Send a request and return the answer's body. Rejects with `Refused`, or with an error that says there is no connection. */
export async function call<Answer>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  const headers = { ...who(), ...(body !== undefined && { "Content-Type": "application/json" }) };
  return answerTo<Answer>(path, {
    ...{ method, headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
}

/** Put a file where it belongs, as it is. */
export function upload<Answer>(method: string, path: string, file: File): Promise<Answer> {
  const headers = { ...who(), "Content-Type": file.type || "application/octet-stream" };
  return answerTo<Answer>(path, { method, headers, body: file });
}

/** Ask whose session the browser has by now. */
export const askWhose = (): Promise<{ account: string }> => answerTo("/me", { method: "GET" });

/** What says who the page is. */
export function who(): Record<string, string> {
  const { token, account } = session.peek() ?? {};
  if (token) return { Authorization: `Bearer ${token}` };
  return account ? { "Hubbub-Account": account.key } : {};
}

async function answerTo<Answer>(path: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(`/api/v1${path}`, request).catch(() => {
    throw new Error(t.noServer);
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { code = "internal", detail = t.serverAnswers(response.status), hint, temporary = false, retry_after } = answer;
  throw new Refused({ code, message: hint ? `${detail}. ${hint}` : detail, temporary, retry_after });
}

/** A list that comes in pages, up to 2,000 items; `key` is what the next page begins after. */
export async function list<Item>(path: string, items: string, key: keyof Item): Promise<Item[]> {
  const found: Item[] = [];
  let more = true;
  while (more && found.length < MOST_LISTED) {
    const last = found.at(-1);
    const after = last ? `&after=${encodeURIComponent(String(last[key]))}` : "";
    const answer = await call<Record<string, unknown>>("GET", `${path}?limit=100${after}`);
    found.push(...(answer[items] as Item[]));
    more = answer.more === true;
  }
  return found;
}
