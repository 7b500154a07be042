// What becomes of each command of the protocol while there is no connection: this page sends none that is not listed here.

import type { wire } from "#sdk";

/**
 * - `waits`: nobody needs its answer, so it waits in the outbox, and shows at once.
 * - `asks`: somebody wants what it answers, or must know how it ends, so it needs a connection, which is said where it is asked for.
 * - `passes`: it is of its moment, and said again when it is so again.
 * - `never`: the page does not send it.
 */
export const OFFLINE = {
  ...{ post: "waits", edit: "waits", delete: "waits", react: "waits", unreact: "waits", pin: "waits", unpin: "waits" },
  remove_preview: "waits",
  ...{ read: "waits", mark_unread: "waits", set: "waits", save: "waits", unsave: "waits" },
  ...{ prefer: "waits", block: "waits", unblock: "waits" },
  ...{ create: "asks", invite: "asks", join: "asks", leave: "asks", search: "asks", history: "asks", get_message: "asks" },
  ...{ list_pins: "asks", list_emoji: "asks", list_drafts: "asks", list_my_threads: "asks", list_missed: "asks" },
  ...{ hello: "passes", start: "passes", follow: "passes", follow_all: "passes", unfollow: "passes" },
  ...{ signal: "passes", watch: "passes", away: "passes", back: "passes" },
  draft: "passes", // a draft stays on this device, and is told with the next connection
  ...{ get_source: "never", get_edits: "never", list_saved: "never", list_threads: "never" }, // by HTTP
  ...{ change: "never", set_avatar: "never", archive: "never", restore: "never", remove: "never", appoint: "never" }, // by HTTP
  ...{ ban: "never", unban: "never", mute: "never", unmute: "never", subscribe: "never", unsubscribe: "never" }, // by HTTP
  ...{ patch: "never", follow_thread: "never", unfollow_thread: "never", end_thread: "never", reopen_thread: "never" },
} as const satisfies Record<wire.AnyCommand["do"], "waits" | "asks" | "passes" | "never">;

type Named<Fate> = { [Name in keyof typeof OFFLINE]: (typeof OFFLINE)[Name] extends Fate ? Name : never }[keyof typeof OFFLINE];

/** What waits in the outbox: commands, and one's profile, which goes by HTTP. */
export type Waits = Named<"waits"> | "profile";
export type Asks = Named<"asks">;

/** The log of an account: where its own settings go. */
export const ME = "@me";

/** Commands that change the account's own log, though they may be about a room. */
const OWN: ReadonlySet<string> = new Set<Waits>([
  ...(["read", "mark_unread", "set", "save", "unsave", "prefer", "block", "unblock", "profile"] as const),
]);

export const isOwn = (command: string): boolean => OWN.has(command);

/** What a change is about, if a later one takes the place of an earlier one. */
export function slotOf({ do: name, ...fields }: { do: string; [field: string]: unknown }): string | undefined {
  if (name === "prefer") return `${name} ${fields.name}`;
  if (name === "profile") return [name, ...Object.keys(fields).sort()].join(" "); // its fields are changed in several forms
  return ["read", "mark_unread", "set"].includes(name) ? name : undefined;
}
