// What one does about a room besides writing in it: its members, its settings, and the messages of others.

import type { wire } from "#sdk";
import { call, list } from "./http.ts";
import { meetAuthors } from "./names.ts";

/** Whether one may do something in a room, and why not. */
export interface May {
  allowed: boolean;
  detail?: string;
}

export type Rights = Readonly<Record<string, May>>;

export interface Member {
  account: string;
  handle: string;
  name: string;
  role: string;
}

/** Who is kept out of a room or silent in it: until a time in seconds since 1970, or for ever. */
export interface Restrained {
  account: string;
  until: number | null;
}

/** What a room is like. */
export interface RoomSettings {
  kind: "open" | "closed" | "direct";
  title: string;
  topic: string;
  alias: string;
  public: string;
  posters: string;
  slow: number;
  keep_days: number;
  receipts: boolean;
  titles: boolean;
  members_may_invite: boolean;
  members_may_edit: boolean;
  members_may_name_all: boolean;
  archived_at: string | null;
  members: number;
  nth: number;
}

export const MEMBERS_AT_ONCE = 100;

const pathOf = (room: string): string => `/rooms/${encodeURIComponent(room)}`;
const personIn = (room: string, list: string, who: string): string => `${pathOf(room)}/${list}/${encodeURIComponent(who)}`;

/** Ask what one may do in a room. */
export const askRights = async (room: string): Promise<Rights> => (await call<{ may: Rights }>("GET", `${pathOf(room)}/may`)).may;

export const settingsOf = (room: string): Promise<RoomSettings> => call<RoomSettings>("GET", `${pathOf(room)}/settings`);

export const changeRoom = (room: string, news: Partial<RoomSettings>): Promise<unknown> => call("PATCH", pathOf(room), news);

export const archive = (room: string): Promise<unknown> => call("POST", `${pathOf(room)}/archive`);
export const restore = (room: string): Promise<unknown> => call("POST", `${pathOf(room)}/restore`);

export interface Members {
  members: Member[];
  more: boolean;
}

/** A page of a room's members. */
export const membersOf = (room: string, after = ""): Promise<Members> =>
  call<Members>("GET", `${pathOf(room)}/members?limit=${MEMBERS_AT_ONCE}${after && `&after=${encodeURIComponent(after)}`}`);

/** All members of a room. */
export const allMembersOf = (room: string): Promise<Member[]> => list<Member>(`${pathOf(room)}/members`, "members", "account");

export const appoint = (room: string, who: string, role: string): Promise<unknown> => call("PUT", personIn(room, "members", who), { role });
export const removeFrom = (room: string, who: string): Promise<unknown> => call("DELETE", personIn(room, "members", who));

/** Ban or mute somebody, for so many seconds or for ever. */
export const restrain = (how: "bans" | "mutes", room: string, who: string, seconds: number | undefined): Promise<unknown> =>
  call("PUT", personIn(room, how, who), seconds ? { seconds } : {});
export const release = (how: "bans" | "mutes", room: string, who: string): Promise<unknown> => call("DELETE", personIn(room, how, who));

export const bannedFrom = async (room: string): Promise<Restrained[]> =>
  (await call<{ bans: Restrained[] }>("GET", `${pathOf(room)}/bans`)).bans;
export const mutedIn = async (room: string): Promise<Restrained[]> =>
  (await call<{ mutes: Restrained[] }>("GET", `${pathOf(room)}/mutes`)).mutes;

/** Another text that a message had. */
export interface Version {
  seq: number;
  at: string;
  text?: string;
}

export const versionsOf = async (room: string, seq: number): Promise<Version[]> =>
  (await call<{ versions: Version[] }>("GET", `${pathOf(room)}/messages/${seq}/history`)).versions;

/** Post a message of one room in another, with a text of one's own. */
export const forward = (to: string, of: { room: string; message: number }, text: string): Promise<unknown> =>
  call("POST", `${pathOf(to)}/messages`, { text, of });

/** The message that another forwards: none if one may not read it. */
export async function sourceOf(room: string, seq: number): Promise<{ message: wire.Message | null }> {
  const found = await call<{ message: wire.Message | null; people?: Record<string, wire.Author> }>(
    "GET",
    `${pathOf(room)}/messages/${seq}/source`,
  );
  meetAuthors(found);
  return found;
}
