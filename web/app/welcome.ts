// Who one is: the first screen, logging in and out.

import type { Client, Refused } from "#sdk";
import { stopWaiting } from "./connection.ts";
import { byId } from "./dom.ts";
import { askOpen, showEntry } from "./entry.ts";
import { call } from "./http.ts";
import { start } from "./main.ts";
import * as memory from "./memory.ts";
import { identity, keepName } from "./memory.ts";
import { linkedRoom, showRoot } from "./routes.ts";
import { now } from "./state.ts";

/** Show the first screen, which asks for a name, or to log in where guests may not come in. */
export async function askWho(): Promise<void> {
  if ((await askOpen()).guests) askName();
  else logIn();
}

/** Ask for a name; with `needsToken`, for a token. */
export function askName(why = "", name = "", needsToken = false): void {
  now.client?.close();
  stopWaiting();
  byId("banner").hidden = true;
  byId("app").hidden = true;
  byId("entry").hidden = true;
  byId("welcome").hidden = false;
  byId("welcome-why").textContent = why;
  byId("welcome-name", HTMLInputElement).value = name;
  byId("welcome-token", HTMLInputElement).value = "";
  byId("welcome-with-token", HTMLDetailsElement).open = needsToken;
  byId(needsToken ? "welcome-token" : "welcome-name", HTMLInputElement).select();
}

/** The server does not accept who this is. */
export function refuse(client: Client, { code, message }: { code: string; message: string }): void {
  if (now.account) checkSession();
  else if (code !== "unauthenticated") askName(message, client.name);
  else if (client.token)
    askName("The server does not accept this token. It may have expired or been revoked: ask for a new one.", "", true);
  else askName("This server doesn't let guests in. Log in with your account, or enter a token.", client.name, true);
  memory.forgetToken();
}

byId("welcome-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("welcome-name", HTMLInputElement).value.trim().normalize("NFC");
  const token = byId("welcome-with-token", HTMLDetailsElement).open && byId("welcome-token", HTMLInputElement).value.trim();
  if (token) {
    memory.keepToken(token);
  } else if (name) {
    memory.forgetToken();
    keepName(name);
  } else {
    byId("welcome-why").textContent = "Enter your name, or a token.";
    return;
  }
  start();
});

byId("rename").addEventListener("click", () => askName("", identity().name ?? "", memory.keptToken() !== null));

byId("log-in").addEventListener("click", () => logIn());

export const ways = {
  entered(key: string): void {
    memory.keepAccount(key);
    if (!linkedRoom()) showRoot();
    start();
  },
  asGuest(): void {
    if (identity().name) start();
    else askName();
  },
  withToken(): void {
    askName("", "", true);
  },
};

export function logIn(why = ""): void {
  now.client?.close();
  stopWaiting();
  showEntry("login", "", ways, why);
}

/** The session may have ended, or be another's by now: another tab has the same cookie. */
export async function checkSession(): Promise<void> {
  try {
    const { account: key } = await call<{ account: string }>("GET", "/me");
    if (now.account?.key === key && now.client?.state !== "ended" && now.client?.state !== "refused") return;
    memory.keepAccount(key);
    start();
  } catch (error) {
    if ((error as Refused).code !== "unauthenticated") return; // the connection's own state says what is wrong
    memory.forgetAccount();
    await call("POST", "/logout").catch(() => {}); // so that the browser forgets the cookie
    logIn("Your session has ended. Log in again");
  }
}

export async function logOut(): Promise<void> {
  await call("POST", "/logout");
  now.client?.close();
  if (now.account) memory.clearOf(now.account.key);
  location.replace("/"); // nothing of what was shown stays
}
