// What the page knows of rooms and of who looks at it; its views show this.

import type { Client, Refused, View, wire } from "#sdk";
import type { Account } from "./account.ts";

/** What is kept of a room; people by what tells them apart. */
export interface Place {
  view?: View;
  unread: number;
  members: Map<string, string>;
  count: number;
  typing: Map<string, { name: string; timer: number }>;
  refused?: Refused; // why it can't be read
}

export const places = new Map<string, Place>();

export const drafts = new Map<string, string>();

/** Who looks at the page, and at what. */
export const now: {
  client: Client | undefined;
  account: Account | undefined; // for guests and holders of tokens there is none
  wanted: { room: string; seq: number } | undefined; // the message that a link leads to, until it is shown
  current: string; // the room that is shown
  replyTo: wire.Message | undefined;
} = { client: undefined, account: undefined, wanted: undefined, current: "", replyTo: undefined };
