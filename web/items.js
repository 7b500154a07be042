// What one message looks like: list items from messages. Knows neither the view nor the connection.

import { avatar, clock, dayOf, harmless, linked, make } from "/web/dom.js";
import { reactedWith, whoOf } from "/web/fold.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];

/** The line that begins a day, or undefined if the message before is of the same one. */
export function dayItem(message, before) {
  if (before && dayOf(before.at) === dayOf(message.at)) return undefined;
  return make("li", { className: "day" }, make("span", {}, dayOf(message.at)));
}

export function messageItem(message, { follows, me, quoted, react }) {
  const item = make("li", {
    className: `message${follows ? " follows" : ""}${whoOf(message) === me.who ? " mine" : ""}`,
    attributes: { "data-seq": message.seq },
  });
  const main = make("div", { className: "main" }, head(message.by, message.at));
  if (message.reply_to) {
    main.append(make("div", { className: "quote", dir: "auto", attributes: { "data-quotes": message.reply_to } }, quoteText(quoted)));
  }
  main.append(make("div", { className: "body", dir: "auto" }, ...body(message)));
  if (message.reactions) main.append(reactions(message, me, react));
  item.append(avatar(message.by), main);
  return item;
}

/** What was written and is not yet in the log. */
export function unsentItem({ client_message_id: id, text, at, failed, isUnsure }, me, { repost, discard }) {
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
    avatar(me.name),
    make("div", { className: "main" }, head(me.name, at), make("div", { className: "body", dir: "auto" }, ...linked(text)), foot),
  );
}

export function quoteText(quoted) {
  if (!quoted) return "an earlier message";
  const text = quoted.deleted ? "deleted" : (quoted.text ?? "binary");
  return harmless(`${quoted.by}: ${[...text].slice(0, 140).join("")}`);
}

/** What one may do with a message; `timeline` draws it anew, and edits it in its place. */
export function toolsOf(message, me, actions, timeline) {
  const tools = make("div", { className: "tools", attributes: { role: "toolbar", "aria-label": "Message" } });
  const reset = () => timeline.update(message.seq);
  const tool = (label, sign, onclick) =>
    tools.append(make("button", { type: "button", title: label, attributes: { "aria-label": label }, onclick }, sign));
  tool("React", "☺", () => open(tools, emojis(message, me, actions.react, reset), reset));
  tool("Reply", "↩", () => actions.reply(message));
  if (whoOf(message) === me.who) {
    if (message.text !== undefined) tool("Edit", "✎", () => timeline.editInPlace(message.seq));
    tool("Delete", "🗑", () => open(tools, confirmation(message, actions.remove, reset), reset));
  }
  return tools;
}

function emojis(message, me, react, reset) {
  return EMOJI.map((emoji) => {
    const isMine = reactedWith(message, emoji).some((author) => whoOf(author) === me.who);
    const onclick = () => {
      react(message.seq, emoji, !isMine);
      reset();
    };
    return make("button", { type: "button", attributes: { "aria-label": `React with ${emoji}`, "aria-pressed": isMine }, onclick }, emoji);
  });
}

function confirmation(message, remove, reset) {
  return [
    make("button", { type: "button", className: "danger", onclick: () => remove(message.seq) }, "Delete?"),
    make("button", { type: "button", onclick: reset }, "Keep"),
  ];
}

/** Put a choice in the tools' place until it is made, or one goes elsewhere. */
function open(tools, buttons, reset) {
  tools.replaceChildren(...buttons);
  tools.classList.add("open");
  buttons[0].focus();
  tools.addEventListener("keydown", ({ key }) => key === "Escape" && reset());
  tools.addEventListener("focusout", ({ relatedTarget }) => {
    // Without a target the window was left, or a button pressed that takes no focus (Safari's).
    if (relatedTarget && !tools.contains(relatedTarget)) queueMicrotask(reset);
  });
}

function head(by, at) {
  return make("div", { className: "head" }, make("bdi", { className: "by" }, harmless(by)), clock(at));
}

function body(message) {
  if (message.deleted) return [make("em", {}, "deleted")];
  if (message.arguments !== undefined) return [make("code", {}, harmless(JSON.stringify(message.arguments)))];
  if (message.bytes !== undefined) return [make("em", {}, `binary, ${atob(message.bytes).length} bytes`)];
  const parts = linked(message.text ?? "");
  if (message.edited_at) parts.push(make("small", { title: message.edited_at }, " (edited)"));
  return parts;
}

function reactions(message, me, react) {
  const row = make("div", { className: "reactions" });
  for (const [emoji, names] of Object.entries(message.reactions)) {
    const isMine = reactedWith(message, emoji).some((author) => whoOf(author) === me.who);
    const attributes = { "aria-pressed": isMine, "aria-label": `${harmless(emoji)} by ${names.length}` };
    const onclick = () => react(message.seq, emoji, !isMine);
    row.append(make("button", { type: "button", title: names.map(harmless).join(", "), attributes, onclick }, `${harmless(emoji)} ${names.length}`));
  }
  return row;
}
