// Which messages stand together, under one name.

import type { wire } from "../store/sdk.ts";

const WITHIN = 5 * 60_000; // milliseconds from one message to the next

/** Whether a message stands under the name of the one before. */
export const isGrouped = (message: wire.Message, before: wire.Message | undefined): boolean =>
  before !== undefined &&
  before.by === message.by &&
  before.id === message.id &&
  !message.reply_to &&
  Date.parse(message.at) - Date.parse(before.at) < WITHIN;
