// An account's own settings: who it is, where it is logged in, and what it is told of.

import type { wire } from "#sdk";
import { t } from "../i18n/index.ts";
import { ME } from "./commands.ts";
import { forgetUpload } from "./files.ts";
import { call, upload } from "./http.ts";
import { isAccount, nameOf, personOf } from "./names.ts";
import { change } from "./outbox.ts";
import { accountOf, clientOf } from "./state.ts";

export interface Profile {
  account: string;
  name: string;
  status_text: string;
}

export interface Session {
  session: string;
  device: string;
  /** In seconds since 1970, known to a day. */
  seen_at: number;
  is_this: boolean;
}

interface Hours {
  days: string[];
  from: string;
  to: string;
}

export interface Preferences {
  keywords?: string[];
  quiet?: { until?: number; weekly?: Hours[] };
  receipts?: boolean;
  hide_presence?: boolean;
}

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** When one is not to be disturbed: on `days`, between hours of one's time zone. Without hours, never. */
export interface QuietTimes {
  from: string;
  to: string;
  days: string[];
  zone: string;
}

/** What others see of one, with what of that waits. */
export function profile(): Profile {
  const account = accountOf()?.key ?? "";
  const person = personOf(account);
  if (!person) throw new Error(t.noServer);
  return { account, name: person.name, status_text: person.status_text };
}

export const changeProfile = ({ name, status_text }: Omit<Profile, "account">): Promise<void> =>
  change(ME, { do: "profile", name, status_text });

/** What a picture can be made of. */
export const PICTURES = "image/png,image/gif,image/jpeg,image/webp,image/avif";

/** Whether the server makes pictures of files. */
export const makesPictures = (): boolean => clientOf()?.welcome?.pictures !== false;

/** Give an account or a room a picture, or none. */
export async function changePicture(whose: string, picture: File | undefined): Promise<void> {
  const { file } = picture ? await upload<{ file: string }>("POST", "/files", picture) : { file: "" };
  const kind = isAccount(whose) ? "people" : "rooms";
  await call("PUT", `/${kind}/${encodeURIComponent(whose)}/avatar`, { file }).finally(() => forgetUpload(file));
}

export const sessions = async (): Promise<Session[]> => (await call<{ sessions: Session[] }>("GET", "/me/sessions")).sessions;

export const endSession = (session: string): Promise<unknown> => call("DELETE", `/me/sessions/${encodeURIComponent(session)}`);

/** End all sessions but this one. */
export const endOthers = (): Promise<unknown> => call("DELETE", "/me/sessions");

/** The accounts that one blocks, by display name. */
export function blocked(): string[] {
  const account = accountOf();
  if (!account?.hasStarted) throw new Error(t.noServer);
  return [...account.blocked].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

export const unblock = (who: string): Promise<void> => change(ME, { do: "unblock", who });

export function preferences(): Preferences {
  const account = accountOf();
  if (!account?.hasStarted) throw new Error(t.noServer);
  return Object.fromEntries([...account.preferences].filter(([, value]) => value !== null));
}

const prefer = (name: string, value: unknown): Promise<void> => change(ME, { do: "prefer", name, value });

/** The time zone of the account; before one was chosen, that of the browser. */
export const timeZone = (): string => personOf(accountOf()?.key ?? "")?.time_zone || Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What notifies one, besides mentions, and when nothing does. Only the first of the quiet times is changed here. */
export async function changeNotifying(words: string, { from, to, days, zone }: QuietTimes, before: Preferences): Promise<void> {
  const keywords = words
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  await prefer("keywords", keywords.length ? keywords : null);
  const until = before.quiet?.until ? { until: before.quiet.until } : {};
  const [, ...others] = before.quiet?.weekly ?? [];
  const weekly = from ? [{ days, from, to }, ...others] : others;
  const quiet = { ...until, ...(weekly.length && { weekly }) };
  await prefer("quiet", Object.keys(quiet).length ? quiet : null);
  if (zone !== personOf(accountOf()?.key ?? "")?.time_zone) await change(ME, { do: "profile", time_zone: zone });
}

/** Whether others see how far one has read, or when one is there. */
export const changePrivacy = (of: "receipts" | "hide_presence", isShown: boolean): Promise<void> =>
  prefer(of, isShown ? null : of === "hide_presence");

/** Remove one's own account for good. */
export const removeAccount = (password: string, messages: boolean): Promise<unknown> => call("POST", "/me/remove", { password, messages });

/** How many bytes one's files take and may take. */
export const myFiles = (): Promise<{ used: number; limit: number }> => call("GET", "/me/files");

export const EXPORT = "/api/v1/me/export";

/** What one wants to be told of a room. */
export const changeLevel = (room: string, level: wire.SetRoom["level"]): Promise<void> => change(room, { do: "set", level });

/** The roles that one may invite people to the server as. */
export const rolesToInvite = async (): Promise<string[]> => (await call<{ roles: string[] }>("GET", "/invites?limit=1")).roles;
