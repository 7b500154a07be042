// Frames over a session of the door `/sockjs`: what the server says comes by server-sent events or by polls, what the client says goes by POST.

import { newId } from "../exchange.ts";
import type { Ear, Kind, Link, Where } from "./link.ts";

const MOST_AT_ONCE = 65_536; // characters in one POST, unless one frame is longer

export function sockjs(kind: Exclude<Kind, "websocket">, { base, token }: Where, ear: Ear): Link {
  const url = `${base}/sockjs/0/${newId()}/`;
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const isStream = kind === "sse";
  const ending = new AbortController();
  const { signal } = ending;
  const unsent: string[] = [];
  let isOpen = false;
  let isSending = false;

  const lose = (error: Partial<Failure>) => {
    if (signal.aborted) return;
    ending.abort();
    const { message: reason = "", code, retry_after, isFinal } = error;
    ear.lost({ reason, code: typeof code === "number" ? code : undefined, retry_after, isFinal });
  };

  const request = async (what: string, method: string, body?: string): Promise<Response> => {
    const response = await fetch(url + what, { method, headers, cache: "no-store", signal, ...(body && { body }) });
    if (!response.ok) throw await refusal(response);
    return response;
  };

  const take = (frame: string) => {
    if (!frame || signal.aborted) return;
    ear.beat();
    const said = "ac".includes(frame[0] as string) && JSON.parse(frame.slice(1));
    if (frame[0] === "a") said.forEach(ear.heard);
    else if (said) throw failure(said[1], NOT_TOLD.has(said[0]) ? {} : { code: said[0] });
    else if (frame === "o") {
      if (isOpen) throw failure("The session was lost", {});
      isOpen = true;
      ear.opened();
    }
  };

  /** One request after the other, each for what comes next, until the session ends. */
  const receive = async () => {
    while (!signal.aborted) {
      const response = await (isStream ? request("eventsource", "GET") : request("xhr", "POST"));
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const lines = (rest + decoder.decode(part.value, { stream: true })).split("\n");
        rest = lines.pop() as string;
        for (const line of lines) take((isStream ? line.slice(6).replaceAll("%25", "%") : line).trim());
      }
    }
  };

  /** Send what waits, one request after the other, so that it arrives in order. */
  const flush = async () => {
    isSending = true;
    while (unsent.length) {
      let count = 1;
      for (let left = MOST_AT_ONCE; count < unsent.length; count++) {
        left -= (unsent[count - 1] as string).length + (unsent[count] as string).length;
        if (left < 0) break;
      }
      await request("xhr_send", "POST", JSON.stringify(unsent.splice(0, count)));
    }
    isSending = false;
  };

  receive().catch(lose);
  return {
    kind,
    send: (frame) => {
      unsent.push(frame);
      if (!isSending) flush().catch(lose);
    },
    close: () => ending.abort(),
  };
}

const NOT_TOLD = new Set([1002, 2010]); // SockJS's own codes, for sessions that were cut off

interface Failure {
  message: string;
  code: unknown;
  retry_after: number;
  isFinal: boolean;
}

const failure = (message: string, more: Partial<Failure>): Error => Object.assign(new Error(message), more);

/** What a refused request says. A problem comes from the server itself, anything else from what stands before it. */
async function refusal(response: Response): Promise<Error> {
  const { status } = response;
  const problem = await response.json().catch(() => ({}));
  const isFinal = typeof problem?.code === "string";
  return failure(problem?.detail ?? `HTTP status ${status}`, { code: status, retry_after: problem?.retry_after, isFinal });
}
