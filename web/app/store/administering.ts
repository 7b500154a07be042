// What owners and admins ask of the server, and do about it.

import { call, upload } from "./http.ts";
import type { RoomSettings } from "./managing.ts";

export interface Person {
  account: string;
  handle: string;
  name: string;
  kind: string;
  role: string;
  status: string;
  made_at: string;
}

/** A session of somebody. */
export interface Device {
  session: string;
  device: string;
  opened_at: string;
}

/** Where somebody is logged in, and what they have. */
export interface Presence {
  connections: number;
  rooms: number;
  tokens: number;
  sessions: Device[];
}

/** A live connection. */
export interface Connection {
  connection: number;
  by: string;
  kind: string;
  transport: string;
  address: string;
  since: number;
  heard_at: number | null;
}

export type Room = RoomSettings & { room: string };

export interface Invite {
  invite: string;
  role: string;
  uses_left: number;
  until: number;
  by: string;
  rooms: string[];
}

export interface OwnEmoji {
  name: string;
  image: string;
  by: string;
}

/** How many bytes each file, the files of each person, and all files may take; 0 for all: no limit. */
export interface Limits {
  file: number;
  person: number;
  server: number;
}

/** How many bytes somebody's files take and may take. */
export interface FilesOf {
  account: string;
  handle: string;
  name: string;
  used: number;
  limit: number;
  is_own_limit: boolean;
}

export interface FileUse {
  used: number;
  limits: Limits;
  defaults: Limits;
  people: FilesOf[];
}

/** A large file. Where it is, and what it is called, is null for those who may not know. */
/** Of files in directs of others, only the size and the account are told. */
export interface LargeFile {
  file: string | null;
  size: number;
  at: string | null;
  handle: string;
  person: string;
  room: string | null;
  title: string | null;
  seq: number | null;
  name: string | null;
  may_delete: boolean;
}

export interface Setting {
  name: string;
  value: string;
  origin: string;
}

/** How often something happened, and how many seconds it took in all. */
interface Duration {
  count: number;
  seconds: number;
}

/** What is measured of the server. Counts grow from its start. */
export interface Figures {
  at: number;
  version: string;
  workers: number;
  memory_bytes: number;
  connections: Record<string, number>;
  queued_bytes: number;
  rooms_followed: number;
  changes: number;
  commits: Duration;
  lag: Duration;
  refusals: Record<string, number>;
}

/** An entry of the audit log. */
export interface Entry {
  seq: number;
  at: string;
  by: string;
  action?: string;
  about?: string;
  details?: Record<string, string>;
}

export interface Page<Item> {
  found: Item[];
  more: boolean;
}

const AT_ONCE = 100;
const ENTRIES_AT_ONCE = 50;
const EVENTS = "/rooms/@audit/events";

/** A page of a list, after the item with this key. */
async function pageOf<Item>(path: string, items: string, after: string): Promise<Page<Item>> {
  const answer = await call<Record<string, unknown>>("GET", `${path}?limit=${AT_ONCE}${after && `&after=${encodeURIComponent(after)}`}`);
  return { found: answer[items] as Item[], more: answer.more === true };
}

export const people = (after: string): Promise<Page<Person>> => pageOf("/people", "people", after);
export const madeRooms = (after: string): Promise<Page<Room>> => pageOf("/admin/rooms", "rooms", after);
export const connections = (after: number | undefined): Promise<Page<Connection>> =>
  pageOf("/admin/connections", "connections", after === undefined ? "" : String(after));
export const endConnection = (connection: number): Promise<unknown> => call("DELETE", `/admin/connections/${connection}`);
export const invites = (after: string): Promise<Page<Invite>> => pageOf("/invites", "invites", after);

const personAt = (account: string): string => `/people/${encodeURIComponent(account)}`;

export const sessionsOf = (account: string): Promise<Presence> => call("GET", `/admin${personAt(account)}/sessions`);
export const endSessionOf = (account: string, session: string): Promise<unknown> =>
  call("DELETE", `${personAt(account)}/sessions/${encodeURIComponent(session)}`);
export const endSessionsOf = (account: string): Promise<unknown> => call("DELETE", `${personAt(account)}/sessions`);

export const changeRole = (account: string, role: string): Promise<unknown> => call("PUT", `${personAt(account)}/role`, { role });
export const suspend = (account: string): Promise<unknown> => call("POST", `${personAt(account)}/suspend`);
export const resume = (account: string): Promise<unknown> => call("POST", `${personAt(account)}/resume`);
export const removePerson = (account: string, messages: boolean): Promise<unknown> =>
  call("POST", `${personAt(account)}/remove`, { messages });

/** Make a link with which somebody chooses another password. */
export const resetLink = async (account: string): Promise<string> =>
  `${location.origin}/reset#${(await call<{ token: string }>("POST", `${personAt(account)}/reset`)).token}`;

export const revokeInvite = (invite: string): Promise<unknown> => call("DELETE", `/invites/${encodeURIComponent(invite)}`);

/** Become a host of a room, member or not. */
export async function becomeHost(room: string, me: string): Promise<void> {
  const path = `/rooms/${encodeURIComponent(room)}`;
  await call("POST", `${path}/join`);
  await call("PUT", `${path}/members/${encodeURIComponent(me)}`, { role: "host" });
}

export async function ownEmoji(): Promise<OwnEmoji[]> {
  const { emoji } = await call<{ emoji: Record<string, { image: string; by: string }> }>("GET", "/emoji");
  return Object.entries(emoji).map(([name, { image, by }]) => ({ name, image, by }));
}

export const imageOf = ({ name, image }: OwnEmoji): string => `/api/v1/emoji/${encodeURIComponent(name)}/${image}`;
export const addEmoji = (name: string, image: File): Promise<unknown> => upload("PUT", `/emoji/${encodeURIComponent(name)}`, image);
export const removeEmoji = (name: string): Promise<unknown> => call("DELETE", `/emoji/${encodeURIComponent(name)}`);

export const fileUse = (): Promise<FileUse> => call("GET", "/admin/files");
export const largestFiles = (): Promise<LargeFile[]> =>
  call<{ files: LargeFile[] }>("GET", "/admin/files/largest").then(({ files }) => files);
export const deleteMessage = (room: string, seq: number): Promise<unknown> =>
  call("DELETE", `/rooms/${encodeURIComponent(room)}/messages/${seq}`);
export const limitFiles = (whose: string, size: number | null): Promise<unknown> =>
  call("PUT", `/admin/files/limits/${encodeURIComponent(whose)}`, { size });

export const serverSettings = async (): Promise<Setting[]> => (await call<{ settings: Setting[] }>("GET", "/admin/settings")).settings;
export const figures = (): Promise<Figures> => call("GET", "/admin/figures");

/** Whether the audit log is as it was written: how many entries are, and the first that is not. */
export const verifyAudit = (): Promise<{ entries: number; broken_at: number | null }> => call("GET", "/admin/audit");

/** The entries of the audit log before one, or the last ones; the newest first. */
export async function entriesBefore(seq: number | undefined): Promise<Page<Entry>> {
  const end = seq ?? (await call<{ head: number }>("GET", EVENTS)).head + 1;
  const since = Math.max(0, end - 1 - ENTRIES_AT_ONCE);
  if (end <= 1) return { found: [], more: false };
  const { events } = await call<{ events: Entry[] }>("GET", `${EVENTS}?since=${since}&limit=${end - 1 - since}`);
  return { found: events.reverse(), more: since > 0 };
}
