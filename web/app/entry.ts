// The ways in: claiming a server, accepting an invite, choosing another password, logging in.

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
}

const WORDS: Record<Way | "login", Words> = {
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
  login: { title: "Log in", lead: "With your account on this server.", button: "Log in", path: "/login" },
};

/** Show the form of a way in. */
export function showEntry(way: Way | "login", token: string, ways: Ways, why = ""): void {
  const words = WORDS[way];
  const [element, first] = formOf(way, token, ways);
  show(words.title, why || words.lead, why !== "", element, ...(way === "login" ? [guestButton(ways)] : []));
  first.focus();
}

function formOf(way: Way | "login", token: string, ways: Ways): [HTMLFormElement, HTMLElement] {
  const { button, path } = WORDS[way];
  const isNew = way === "claim" || way === "accept";
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
  const fields = { login: [handle, password], reset: [password], claim: [name, handle, password], accept: [name, handle, password] }[way];
  const act = async () => {
    const given = { password: password.input.value, ...(way !== "login" && { token }), ...(way !== "reset" && { handle: handle.value() }) };
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

const guestButton = ({ asGuest }: Ways): HTMLElement =>
  make("button", { className: "quiet", type: "button", onclick: asGuest }, "Come in as a guest");

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
