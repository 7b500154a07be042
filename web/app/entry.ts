// The ways in: claiming a server, accepting an invite, signing up, signing in elsewhere, choosing another password, logging in.

import { Refused } from "#sdk";
import { byId, make } from "./dom.ts";
import { type Field, field, form } from "./forms.ts";
import { call } from "./http.ts";
import type { Way } from "./routes.ts";

interface Words {
  title: string;
  lead: string;
  button: string;
  path: string;
}

interface Ways {
  /** One is in, as this account. */
  entered(account: string): void;
  asGuest(): void;
  withToken(): void;
}

/** What the server's settings leave open. */
interface Open {
  sign_up: boolean;
  guests: boolean;
  provider: string | null;
}

type Entry = Way | "login" | "signup";

const WORDS: Record<Entry, Words> = {
  claim: {
    title: "This server is yours",
    lead: "Make the first account. It owns the server, and can invite others.",
    button: "Make my account",
    path: "/claim",
  },
  accept: { title: "You are invited", lead: "Make an account, and you are in.", button: "Make my account", path: "/accept" },
  reset: {
    title: "A new password",
    lead: "Choose another password. You are logged out everywhere else.",
    button: "Save and log in",
    path: "/reset",
  },
  signup: { title: "Make an account", lead: "Everyone may have one on this server.", button: "Make my account", path: "/signup" },
  login: { title: "Log in", lead: "With your account on this server.", button: "Log in", path: "/login" },
};

/** Show the form of a way in. */
export function showEntry(way: Entry, token: string, ways: Ways, why = ""): void {
  const words = WORDS[way];
  const [element, first] = formOf(way, token, ways);
  const others = make("div", { className: "others" });
  show(words.title, why || words.lead, why !== "", element, others);
  first.focus();
  if (way !== "reset") showOthers(others, way, token, ways);
}

/** Ask which ways in the server's settings leave open. */
export const askOpen = (): Promise<Open> => call<Open>("GET", "/ways").catch(() => ({ sign_up: false, guests: true, provider: null }));

/** Show the other ways in that are open. */
async function showOthers(place: HTMLElement, way: Entry, token: string, ways: Ways): Promise<void> {
  const open = await askOpen();
  const { provider } = open;
  if (provider) place.append(other(`Sign in with ${provider}`, () => signIn(place, token), "elsewhere"));
  if (way === "login" && open.sign_up) place.append(other("Make an account", () => showEntry("signup", "", ways)));
  if (way === "signup") place.append(other("Log in instead", () => showEntry("login", "", ways)));
  if (way === "login") place.append(open.guests ? guestButton(ways) : other("Use a token", ways.withToken));
}

/** Go to the provider, which sends the browser back. With a token, an account is made by it there. */
async function signIn(place: HTMLElement, token: string): Promise<void> {
  try {
    location.assign((await call<{ url: string }>("POST", "/oidc/start", { token })).url);
  } catch (error) {
    place.querySelector(".why")?.remove();
    place.prepend(make("p", { className: "why", attributes: { role: "alert" } }, (error as Error).message));
  }
}

function formOf(way: Entry, token: string, ways: Ways): [HTMLFormElement, HTMLElement] {
  const { button, path } = WORDS[way];
  const isNew = way === "claim" || way === "accept" || way === "signup";
  const handle = field(
    isNew ? "Handle" : "Your handle",
    { autocomplete: "username", required: "", maxlength: "32" },
    isNew ? "For logging in and for mentions: letters from a to z and digits, such as ada" : "",
  );
  const name = field(
    "Display name",
    { autocomplete: "name", required: "", maxlength: "64", autocapitalize: "words" },
    "The name that others see",
  );
  const password = field(
    "Password",
    { type: "password", required: "", autocomplete: way === "login" ? "current-password" : "new-password" },
    way === "login" ? "" : "At least 8 characters; several words are best",
  );
  const fields = way === "login" ? [handle, password] : way === "reset" ? [password] : [name, handle, password];
  const act = async () => {
    const given = { password: password.input.value, ...(token && { token }), ...(way !== "reset" && { handle: handle.value() }) };
    try {
      const { account } = await call<{ account: string }>("POST", path, { ...given, ...(isNew && { name: name.value() }) });
      ways.entered(account);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "gone") throw error;
      showGone(ways);
    }
  };
  const blame = ({ message }: Error): Field | undefined =>
    way === "login" || /password/i.test(message) ? password : /handle/i.test(message) ? handle : /name/i.test(message) ? name : undefined;
  const element = form({
    fields,
    button,
    act,
    blame: (error) => (error instanceof Refused && !error.temporary ? blame(error) : undefined),
  });
  return [element, fields[0]?.input ?? element];
}

/** Say that a link can't be used, and what to do. */
export function showGone(ways: Ways, why = "It was used already, has expired, or was not copied in full."): void {
  const logIn = make("button", { className: "primary", type: "button", onclick: () => showEntry("login", "", ways) }, "Log in");
  show("This link can't be used", `${why} If you have an account, log in. Otherwise ask for another link.`, true, logIn, guestButton(ways));
  logIn.focus();
}

const guestButton = ({ asGuest }: Ways): HTMLElement => other("Come in as a guest", asGuest);

const other = (words: string, onclick: () => void, className = "quiet"): HTMLElement =>
  make("button", { className, type: "button", onclick }, words);

function show(title: string, lead: string, isWrong: boolean, ...below: Node[]): void {
  const logo = make("img", { src: "/web/favicon.svg", alt: "", width: 56, height: 56 });
  const said = make("p", isWrong ? { attributes: { role: "alert" } } : {}, lead);
  byId("entry").replaceChildren(make("div", { className: "card" }, logo, make("h1", {}, title), said, ...below));
  byId("entry").hidden = false;
  byId("welcome").hidden = true;
  byId("app").hidden = true;
  byId("banner").hidden = true;
  document.title = `${title} – hubbub`;
}
