// The texts of what one has missed, which are loaded with it.

import { many } from "./shared.ts";

export const m = {
  nothing: "You have read everything.",
  nothingMore: "New messages appear here until you have read them.",
  unread: (n: number) => (n ? many(n, "new message", "new messages") : "marked unread"),
  mentions: (n: number) => many(n, "mention", "mentions"),
  first: "First unread",
  mentioned: "Mentions you",
  reacted: (n: number) => many(n, "reaction", "reactions"),
  threads: "Threads that you follow",
  replies: (n: number) => many(n, "new reply", "new replies"),
  withoutText: "a message without text",
  readAll: "Mark all as read",
  more: "There is more than this page can show. Read some of it first.",
};
