// The messages on the screen: from a view (fold.js) and the outbox to list items, and back to what was clicked.

import { avatar, byId, clock, dayOf, harmless, linked, make } from "/web/dom.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];
const TOGETHER = 5 * 60_000; // milliseconds within which messages of one author stand together
const NEAR_END = 100; // pixels
export const MOST_SHOWN = 300;

export class Timeline {
  /** `actions`: react(seq, emoji, on), edit(seq, text), remove(seq), reply(message), repost(id), discard(id), older(). */
  constructor(actions) {
    this.actions = actions;
    this.list = byId("timeline");
    this.scroller = byId("scroller");
    this.pill = byId("pill");
    this.missed = 0;
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.pill.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.wasAtEnd && this.toEnd()).observe(this.scroller);
    this.wasAtEnd = true;
  }

  /** Show another room, or this one anew; stays at the end, or where one was reading. */
  show(view, pending, me) {
    Object.assign(this, { view, me });
    const items = [];
    let before;
    for (const message of view.messages.values()) {
      items.push(...this.#withDay(message, before));
      before = message;
    }
    this.list.replaceChildren(...items);
    this.showPending(pending);
    byId("beginning").hidden = view.more;
  }

  /** A message was added at the end. */
  append(seq) {
    const messages = [...this.view.messages.values()];
    const stay = this.wasAtEnd;
    const items = this.#withDay(messages.at(-1), messages.at(-2));
    const pending = this.list.querySelector(".pending");
    if (pending) pending.before(...items);
    else this.list.append(...items);
    if (stay) {
      this.#dropOldest();
      this.toEnd();
    } else if (this.view.messages.get(seq).by !== this.me) {
      this.missed += 1;
      this.#showPill();
    }
  }

  /** A message that is there was changed. */
  update(seq) {
    const old = this.list.querySelector(`[data-seq="${seq}"]`);
    if (!old || old.querySelector("textarea")) return;
    const stay = this.wasAtEnd;
    const hadFocus = old.contains(document.activeElement);
    const item = this.#item(this.view.messages.get(seq), old.classList.contains("follows"));
    old.replaceWith(item);
    if (hadFocus) item.querySelector("button")?.focus();
    if (stay) this.toEnd();
  }

  /** What is still in the outbox stands at the end. */
  showPending(entries) {
    for (const item of this.list.querySelectorAll(".pending")) item.remove();
    this.list.append(...entries.map((entry) => this.#pendingItem(entry)));
    if (this.wasAtEnd) this.toEnd();
  }

  /** Older messages were put before the others: what one reads stays where it is. */
  showOlder(pending) {
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.wasAtEnd = false;
    this.show(this.view, pending, this.me);
    this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.wasAtEnd = true;
    this.missed = 0;
    this.#showPill();
  }

  /** Write a message's text anew, in its place. */
  editInPlace(seq) {
    const message = this.view.messages.get(seq);
    const item = this.list.querySelector(`[data-seq="${seq}"]`);
    if (!item || message?.text === undefined) return;
    const text = make("textarea", { value: message.text, rows: 1, dir: "auto", attributes: { "aria-label": "Edit message" } });
    const done = (save) => {
      const changed = text.value.trim();
      text.remove();
      this.update(seq);
      if (save && changed && changed !== message.text) this.actions.edit(seq, changed);
      byId("text").focus();
    };
    text.addEventListener("keydown", (key) => {
      if (key.key === "Enter" && !key.shiftKey && !key.isComposing) done(true);
      else if (key.key === "Escape") done(false);
      else return;
      key.preventDefault();
      key.stopPropagation();
    });
    const save = make("button", { type: "button", className: "primary", onclick: () => done(true) }, "Save");
    const cancel = make("button", { type: "button", className: "quiet", onclick: () => done(false) }, "Cancel");
    item.querySelector(".body").replaceChildren(text, make("div", { className: "editing" }, save, cancel));
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }

  #withDay(message, before) {
    const items = [];
    const isNewDay = !before || dayOf(before.at) !== dayOf(message.at);
    if (isNewDay) items.push(make("li", { className: "day" }, make("span", {}, dayOf(message.at))));
    const follows =
      !isNewDay && before.by === message.by && !message.reply_to && new Date(message.at) - new Date(before.at) < TOGETHER;
    items.push(this.#item(message, follows));
    return items;
  }

  #item(message, follows) {
    const item = make("li", {
      className: `message${follows ? " follows" : ""}${message.by === this.me ? " mine" : ""}`,
      attributes: { "data-seq": message.seq },
    });
    const head = make("div", { className: "head" }, make("bdi", { className: "by" }, harmless(message.by)), clock(message.at));
    const main = make("div", { className: "main" }, head, this.#quote(message), make("div", { className: "body", dir: "auto" }, ...body(message)));
    if (message.reactions) main.append(this.#reactions(message));
    item.append(avatar(message.by), main);
    if (!message.deleted) item.append(this.#tools(message));
    return item;
  }

  #quote(message) {
    if (!message.reply_to) return "";
    const quoted = this.view.messages.get(message.reply_to);
    const text = quoted ? `${quoted.by}: ${quoted.deleted ? "deleted" : (quoted.text ?? "binary")}` : "an earlier message";
    return make("div", { className: "quote", dir: "auto" }, harmless(text.slice(0, 140)));
  }

  #reactions(message) {
    const row = make("div", { className: "reactions" });
    for (const [emoji, names] of Object.entries(message.reactions)) {
      const isMine = names.includes(this.me);
      row.append(
        make(
          "button",
          {
            type: "button",
            title: names.map(harmless).join(", "),
            attributes: { "aria-pressed": isMine, "aria-label": `${emoji} by ${names.length}` },
            onclick: () => this.actions.react(message.seq, emoji, !isMine),
          },
          `${harmless(emoji)} ${names.length}`,
        ),
      );
    }
    return row;
  }

  #tools(message) {
    const tools = make("div", { className: "tools", attributes: { role: "toolbar", "aria-label": "Message" } });
    const tool = (label, sign, onclick) =>
      tools.append(make("button", { type: "button", title: label, attributes: { "aria-label": label }, onclick }, sign));
    tool("React", "☺", () => this.#pick(tools, message));
    tool("Reply", "↩", () => this.actions.reply(message));
    if (message.by === this.me) {
      if (message.text !== undefined) tool("Edit", "✎", () => this.editInPlace(message.seq));
      tool("Delete", "🗑", () => this.#confirm(tools, message.seq));
    }
    return tools;
  }

  #pick(tools, message) {
    tools.replaceChildren(
      ...EMOJI.map((emoji) => {
        const isMine = message.reactions?.[emoji]?.includes(this.me) ?? false;
        const onclick = () => {
          this.actions.react(message.seq, emoji, !isMine);
          this.update(message.seq);
        };
        return make("button", { type: "button", attributes: { "aria-label": `React with ${emoji}`, "aria-pressed": isMine }, onclick }, emoji);
      }),
    );
    this.#resetWhenLeft(tools, message.seq);
  }

  #confirm(tools, seq) {
    const sure = make("button", { type: "button", className: "danger", onclick: () => this.actions.remove(seq) }, "Delete?");
    const no = make("button", { type: "button", onclick: () => this.update(seq) }, "Keep");
    tools.replaceChildren(sure, no);
    this.#resetWhenLeft(tools, seq);
  }

  #resetWhenLeft(tools, seq) {
    tools.classList.add("open");
    tools.querySelector("button").focus();
    tools.addEventListener("keydown", (key) => key.key === "Escape" && this.update(seq));
    tools.addEventListener("focusout", ({ relatedTarget }) => {
      if (!tools.contains(relatedTarget) && tools.isConnected) setTimeout(() => this.update(seq), 150);
    });
  }

  #pendingItem(entry) {
    const { client_message_id: id, failed, isUnsure } = entry;
    const item = make("li", { className: `message mine pending${failed ? " failed" : ""}`, attributes: { "data-id": id } });
    const status = failed ? `Not sent: ${failed}` : isUnsure ? "Not confirmed yet; it will be sent when the connection is back" : "Sending…";
    const foot = make("div", { className: "status" }, status);
    if (failed) {
      foot.append(
        make("button", { type: "button", onclick: () => this.actions.repost(id) }, "Retry"),
        make("button", { type: "button", onclick: () => this.actions.discard(id) }, "Discard"),
      );
    }
    const head = make("div", { className: "head" }, make("bdi", { className: "by" }, this.me), clock(entry.at));
    item.append(avatar(this.me), make("div", { className: "main" }, head, make("div", { className: "body", dir: "auto" }, ...linked(entry.text)), foot));
    return item;
  }

  #dropOldest() {
    const items = this.list.querySelectorAll(".message:not(.pending)");
    for (let i = 0; i < items.length - MOST_SHOWN; i++) {
      this.view.messages.delete(Number(items[i].dataset.seq));
      this.view.more = true;
      items[i].remove();
    }
    const [first, second] = this.list.children;
    if (first?.className === "day" && second?.className === "day") first.remove();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.wasAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.wasAtEnd) this.missed = 0;
    this.#showPill();
    if (scrollTop < 200 && this.view?.more) this.actions.older();
  }

  #showPill() {
    this.pill.hidden = this.wasAtEnd;
    this.pill.textContent = this.missed ? `${this.missed} new ${this.missed === 1 ? "message" : "messages"} ↓` : "Jump to latest ↓";
  }
}

function body(message) {
  if (message.deleted) return [make("em", {}, "deleted")];
  if (message.bytes !== undefined) return [make("em", {}, `binary, ${atob(message.bytes).length} bytes`)];
  const parts = linked(message.text ?? "");
  if (message.edited_at) parts.push(make("small", { title: message.edited_at }, " (edited)"));
  return parts;
}
