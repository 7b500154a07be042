// What is said at each way in, and which fields it has.

import { t } from "../i18n/index.ts";
import type { Entry } from "../store/screen.ts";
import type { FieldSpec } from "../ui/Form.tsx";

interface Words {
  title: string;
  lead: string;
  button: string;
  path: string;
}

export const WORDS: Record<Entry, Words> = {
  claim: { title: t.claimTitle, lead: t.claimLead, button: t.makeMyAccount, path: "/claim" },
  accept: { title: t.acceptTitle, lead: t.acceptLead, button: t.makeMyAccount, path: "/accept" },
  reset: { title: t.resetTitle, lead: t.resetLead, button: t.saveAndLogIn, path: "/reset" },
  signup: { title: t.signUpTitle, lead: t.signUpLead, button: t.makeMyAccount, path: "/signup" },
  login: { title: t.logIn, lead: t.logInLead, button: t.logIn, path: "/login" },
};

export const makesAccount = (way: Entry): boolean => way === "claim" || way === "accept" || way === "signup";

export function fieldsOf(way: Entry): FieldSpec[] {
  const isNew = makesAccount(way);
  const handle: FieldSpec = {
    name: "handle",
    label: isNew ? t.handle : t.yourHandle,
    hint: isNew ? t.handleHint : "",
    input: { autocomplete: "username", required: true, maxLength: 32 },
  };
  const name: FieldSpec = {
    name: "name",
    label: t.displayName,
    hint: t.displayNameHint,
    input: { autocomplete: "name", required: true, maxLength: 64, autocapitalize: "words" },
  };
  const password: FieldSpec = {
    name: "password",
    label: t.password,
    hint: way === "login" ? "" : t.passwordHint,
    input: { type: "password", required: true, autocomplete: way === "login" ? "current-password" : "new-password" },
  };
  if (way === "login") return [handle, password];
  return way === "reset" ? [password] : [name, handle, password];
}

/** The field that a refusal is about. */
export function blamed(way: Entry, message: string): string | undefined {
  if (way === "login" || /password/i.test(message)) return "password";
  return ["handle", "name"].find((field) => new RegExp(field, "i").test(message));
}
