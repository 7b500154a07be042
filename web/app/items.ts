// What one message looks like: list items from messages. Knows neither the view nor the connection.

import { type Entry, reactedWith, whoOf, type wire } from "#sdk";
import { avatar, clock, dayOf, harmless, linked, make } from "./dom.ts";
import { emojiNames, withEmoji } from "./emoji.ts";
import { splitAtMentions } from "./mentions.ts";
import { nameOf } from "./names.ts";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];
const MOST_OWN = 16; // of the server, beside them

/** Who one is: a name, and what tells one from others of that name. */
export interface Me {
  name: string;
  who: string;
}

/** A message of the outbox; `isUnsure` if there is no connection. */
export type Unsent = Entry & { isUnsure: boolean };

type React = (seq: number, emoji: string, on: boolean) => void;

/** What one may do with messages. `edit` gives nothing if it failed. */
export interface Actions {
  react: React;
  edit(seq: number, text: string): Promise<unknown>;
  remove(seq: number): void;
  reply(message: wire.Message): void;
  /** Hand out a link to a message. */
  link(seq: number): void;
  repost(id: string): void;
  discard(id: string): void;
  /** Load older messages. */
  older(): void;
  /** Other messages may be on the screen. */
  scrolled(): void;
}

/** Draws a message anew, or edits it in its place. */
export interface Redraws {
  update(seq: number): void;
  editInPlace(seq: number): void;
}

interface Shown {
  follows: boolean;
  me: Me;
  quoted: wire.Message | undefined;
  react: React;
}

/** The line that begins a day, or undefined if the message before is of the same one. */
export function dayItem(message: wire.Message, before: wire.Message | undefined): HTMLElement | undefined {
  if (before && dayOf(before.at) === dayOf(message.at)) return undefined;
  return make("li", { className: "day" }, make("span", {}, dayOf(message.at)));
}

export function messageItem(message: wire.Message, { follows, me, quoted, react }: Shown): HTMLElement {
  const item = make("li", {
    className: `message${follows ? " follows" : ""}${whoOf(message) === me.who ? " mine" : ""}`,
    attributes: { "data-seq": message.seq },
  });
  const main = make("div", { className: "main" }, head(message.by, message.at));
  if (message.reply_to) {
    main.append(make("div", { className: "quote", dir: "auto", attributes: { "data-quotes": message.reply_to } }, quoteText(quoted)));
  }
  main.append(make("div", { className: "body", dir: "auto" }, ...body(message, me)));
  if (message.reactions) main.append(reactions(message, message.reactions, me, react));
  item.append(avatar(nameOf(message.by), message.by), main);
  return item;
}

/** What was written and is not yet in the log. */
export function unsentItem(
  { client_message_id: id, text, at, failed, isUnsure }: Unsent,
  me: Me,
  { repost, discard }: Actions,
): HTMLElement {
  const status = failed ? `Not sent: ${failed}` : isUnsure ? "Not confirmed yet; it will be sent when the connection is back" : "Sending…";
  const foot = make("div", { className: "status" }, make("span", { attributes: failed ? { role: "alert" } : {} }, status));
  if (failed) {
    foot.append(
      make("button", { type: "button", onclick: () => repost(id) }, "Retry"),
      make("button", { type: "button", onclick: () => discard(id) }, "Discard"),
    );
  }
  return make(
    "li",
    { className: `message mine pending${failed ? " failed" : ""}` },
    avatar(nameOf(me.name), me.name),
    make("div", { className: "main" }, head(me.name, at), make("div", { className: "body", dir: "auto" }, ...linked(text)), foot),
  );
}

export function quoteText(quoted: wire.Message | undefined): string {
  if (!quoted) return "an earlier message";
  const text = quoted.deleted ? "deleted" : (quoted.text ?? "binary");
  return harmless(`${nameOf(quoted.by)}: ${[...text].slice(0, 140).join("")}`);
}

/** What one may do with a message; `timeline` draws it anew, and edits it in its place. */
export function toolsOf(message: wire.Message, me: Me, actions: Actions, timeline: Redraws): HTMLElement {
  const tools = make("div", { className: "tools", attributes: { role: "toolbar", "aria-label": "Message" } });
  const reset = () => timeline.update(message.seq);
  const tool = (label: string, sign: string, onclick: () => void) =>
    tools.append(make("button", { type: "button", title: label, attributes: { "aria-label": label }, onclick }, sign));
  tool("React", "☺", () => open(tools, emojis(message, me, actions.react, reset), reset));
  tool("Reply", "↩", () => actions.reply(message));
  tool("Copy link", "🔗", () => actions.link(message.seq));
  if (whoOf(message) === me.who) {
    if (message.text !== undefined) tool("Edit", "✎", () => timeline.editInPlace(message.seq));
    tool("Delete", "🗑", () => open(tools, confirmation(message, actions.remove, reset), reset));
  }
  return tools;
}

function emojis(message: wire.Message, me: Me, react: React, reset: () => void): HTMLElement[] {
  const own = emojiNames()
    .slice(0, MOST_OWN)
    .map((name) => `:${name}:`);
  return [...EMOJI, ...own].map((emoji) => {
    const isMine = reactedWith(message, emoji).some((author) => whoOf(author) === me.who);
    const onclick = () => {
      react(message.seq, emoji, !isMine);
      reset();
    };
    return make(
      "button",
      { type: "button", attributes: { "aria-label": `React with ${emoji}`, "aria-pressed": isMine }, onclick },
      ...withEmoji(emoji),
    );
  });
}

function confirmation(message: wire.Message, remove: Actions["remove"], reset: () => void): HTMLElement[] {
  return [
    make("button", { type: "button", className: "danger", onclick: () => remove(message.seq) }, "Delete?"),
    make("button", { type: "button", onclick: reset }, "Keep"),
  ];
}

/** Put a choice in the tools' place until it is made, or one goes elsewhere. */
function open(tools: HTMLElement, buttons: HTMLElement[], reset: () => void): void {
  tools.replaceChildren(...buttons);
  tools.classList.add("open");
  buttons[0]?.focus();
  tools.addEventListener("keydown", ({ key }) => key === "Escape" && reset());
  tools.addEventListener("focusout", ({ relatedTarget }) => {
    // Without a target the window was left, or a button pressed that takes no focus (Safari's).
    if (relatedTarget && !tools.contains(relatedTarget as Node)) queueMicrotask(reset);
  });
}

function head(by: string, at: string): HTMLElement {
  return make("div", { className: "head" }, make("bdi", { className: "by" }, harmless(nameOf(by))), clock(at));
}

/** A text in which mentions of oneself are marked. */
const marked = (text: string, message: wire.Message, me: Me): (Node | string)[] =>
  splitAtMentions(text, message, me.who).flatMap((part, i) => (i % 2 ? [make("mark", {}, part)] : withEmoji(part)));

function body(message: wire.Message, me: Me): (Node | string)[] {
  if (message.deleted) return [make("em", {}, "deleted")];
  if (message.arguments !== undefined) return [make("code", {}, harmless(JSON.stringify(message.arguments)))];
  if (message.bytes !== undefined) return [make("em", {}, `binary, ${atob(message.bytes).length} bytes`)];
  const parts = linked(message.text ?? "").flatMap((part) => (typeof part === "string" ? marked(part, message, me) : [part]));
  if (message.edited_at) parts.push(make("small", { title: message.edited_at }, " (edited)"));
  return parts;
}

function reactions(message: wire.Message, reacted: Record<string, string[]>, me: Me, react: React): HTMLElement {
  const row = make("div", { className: "reactions" });
  for (const [emoji, names] of Object.entries(reacted)) {
    const isMine = reactedWith(message, emoji).some((author) => whoOf(author) === me.who);
    const attributes = { "aria-pressed": isMine, "aria-label": `${harmless(emoji)} by ${names.length}` };
    const onclick = () => react(message.seq, emoji, !isMine);
    row.append(
      make(
        "button",
        { type: "button", title: names.map((name) => harmless(nameOf(name))).join(", "), attributes, onclick },
        ...withEmoji(harmless(emoji)),
        ` ${names.length}`,
      ),
    );
  }
  return row;
}
