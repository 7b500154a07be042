// The messages on the screen: a window on a view (fold.js), kept where one is reading, and what is not yet sent.

import { type View, whoOf, type wire } from "#sdk";
import { byId, fit, make } from "./dom.ts";
import { namesEmoji } from "./emoji.ts";
import { type Actions, dayItem, type Me, messageItem, quoteText, toolsOf, type Unsent, unsentItem } from "./items.ts";

const TOGETHER = 5 * 60_000; // milliseconds within which messages of one author stand together
const NEAR_END = 100; // pixels
const NEAR_BEGINNING = 300;
const STEP = 100; // messages by which the window moves
export const MOST_SHOWN = 300;

export class Timeline {
  wasAtEnd = true;
  readonly #actions: Actions;
  readonly #list = byId("timeline");
  readonly #unsent = byId("unsent");
  readonly #scroller = byId("scroller");
  readonly #pill = byId("pill");
  #view: View = { messages: new Map(), more: true, state: {} };
  #me: Me = { name: "", who: "" };
  #missed = 0;
  #last = Infinity; // the seq at which the window ends; Infinity: it goes along with the newest message

  constructor(actions: Actions) {
    this.#actions = actions;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#pill.addEventListener("click", () => this.toEnd());
    this.#list.addEventListener("click", ({ target }) => target instanceof Element && this.#choose(target));
    document.addEventListener("pointerdown", ({ target }) => this.#leave(target instanceof Element ? target : null));
    new ResizeObserver(() => this.wasAtEnd && this.toEnd()).observe(this.#scroller);
  }

  /** Show another room, or this one anew, at its end. */
  show(view: View, entries: Unsent[], me: Me): void {
    this.#view = view;
    this.#me = me;
    this.#last = Infinity;
    this.#draw();
    this.showUnsent(entries);
    this.toEnd();
    requestAnimationFrame(() => this.#move()); // few or short messages may leave room for older ones
  }

  /** A message was added at the end. */
  append(): void {
    const messages = [...this.#view.messages.values()];
    const message = messages.at(-1);
    if (!message) return;
    const isFull = this.#list.querySelectorAll(".message").length >= MOST_SHOWN;
    if (!this.wasAtEnd && whoOf(message) !== this.#me.who) this.#missed += 1;
    // One who reads further up must not lose what is there; the new ones come into the window when one goes down.
    if (!this.wasAtEnd && isFull && this.#last === Infinity) this.#last = messages.at(-2)?.seq ?? Infinity;
    if (this.#last === Infinity) this.#list.append(...this.#withDay(message, messages.at(-2)));
    if (this.wasAtEnd) {
      if (isFull) this.#dropFirst();
      this.toEnd();
    }
    this.#showPill();
  }

  /** A message that is there was changed: itself, and where it is quoted. */
  update(seq: number): void {
    for (const quote of this.#list.querySelectorAll(`[data-quotes="${seq}"]`)) {
      quote.textContent = quoteText(this.#view.messages.get(seq));
    }
    const old = this.#itemOf(seq);
    const message = this.#view.messages.get(seq);
    if (!old || !message || old.querySelector("textarea")) return;
    const hadFocus = old.contains(document.activeElement);
    const item = this.#item(message, old.classList.contains("follows"));
    old.replaceWith(item);
    if (hadFocus) (item.querySelector("button") ?? this.#scroller).focus({ preventScroll: true });
    if (this.wasAtEnd) this.toEnd();
  }

  /** What is still in the outbox stands at the end. */
  showUnsent(entries: Unsent[]): void {
    this.#unsent.replaceChildren(...entries.map((entry) => unsentItem(entry, this.#me, this.#actions)));
    if (this.wasAtEnd) this.toEnd();
  }

  /** Older messages were put into the view. */
  showOlder(): void {
    this.#move();
    byId("beginning").hidden = this.#view.more;
  }

  /** Show a message that is in the view, and mark it. Returns whether it is. */
  goTo(seq: number): boolean {
    const seqs = this.#seqs();
    const place = seqs.indexOf(seq);
    if (place < 0) return false;
    this.#last = seqs[place + STEP] ?? Infinity;
    this.#draw();
    const item = this.#itemOf(seq);
    item?.classList.add("linked");
    item?.setAttribute("tabindex", "-1");
    item?.focus({ preventScroll: true });
    item?.scrollIntoView({ block: "center" });
    this.#scrolled();
    return true;
  }

  /** Someone is called otherwise now. */
  rename(by: string): void {
    for (const message of this.#view.messages.values()) if (message.by === by) this.update(message.seq);
  }

  /** There are other emoji now. */
  showEmoji(): void {
    for (const { seq, text = "", reactions = {} } of this.#view.messages.values()) {
      if (namesEmoji(`${text} ${Object.keys(reactions).join(" ")}`)) this.update(seq);
    }
  }

  toEnd(): void {
    if (this.#last !== Infinity) {
      this.#last = Infinity;
      this.#draw();
    }
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.wasAtEnd = true;
    this.#missed = 0;
    this.#showPill();
  }

  /** Write a message's text anew, in its place. */
  editInPlace(seq: number): void {
    const message = this.#view.messages.get(seq);
    const item = this.#itemOf(seq);
    if (message?.text === undefined || !item || item.querySelector("textarea")) return;
    const text = make("textarea", { value: message.text, rows: 1, dir: "auto", attributes: { "aria-label": "Edit message" } });
    const done = () => {
      text.remove();
      this.update(seq);
      byId("text").focus();
    };
    const save = async () => {
      const changed = text.value.trim();
      // What could not be saved stays in the editor.
      if (!changed || changed === message.text || (await this.#actions.edit(seq, changed))) done();
    };
    text.addEventListener("input", () => fit(text));
    text.addEventListener("keydown", (key) => {
      if (key.key === "Enter" && !key.shiftKey && !key.isComposing) save();
      else if (key.key === "Escape") done();
      else return;
      key.preventDefault();
      key.stopPropagation();
    });
    const saves = make("button", { type: "button", className: "primary", onclick: save }, "Save");
    const cancels = make("button", { type: "button", className: "quiet", onclick: done }, "Cancel");
    item.classList.remove("chosen");
    item.querySelector(".body")?.replaceChildren(text, make("div", { className: "editing" }, saves, cancels));
    fit(text);
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
    item.scrollIntoView({ block: "nearest" });
  }

  // --- the window ---

  /** Draw at most MOST_SHOWN messages up to `last`. */
  #draw(): void {
    const messages = [...this.#view.messages.values()].filter(({ seq }) => seq <= this.#last).slice(-MOST_SHOWN);
    const log = byId("log");
    log.setAttribute("aria-busy", "true"); // nothing of this is news
    this.#list.replaceChildren(...messages.flatMap((message, i) => this.#withDay(message, messages[i - 1])));
    log.removeAttribute("aria-busy");
    byId("beginning").hidden = this.#view.more || messages[0]?.seq !== this.#seqs()[0];
  }

  /** Near one of its ends, move the window on; what one reads stays where it is. */
  #move(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (!this.#view.messages.size) return;
    const seqs = this.#seqs();
    const shown = this.#list.querySelectorAll<HTMLElement>(".message");
    const first = seqs.indexOf(Number(shown[0]?.dataset.seq));
    const end = first + shown.length;
    if (first < 0)
      this.toEnd(); // one has read so long that what one read was let go of
    else if (scrollTop < NEAR_BEGINNING && first > 0) this.#moveTo(seqs, Math.max(first - STEP, 0) + MOST_SHOWN);
    else if (scrollTop < NEAR_BEGINNING && this.#view.more && first === 0) this.#actions.older();
    else if (scrollHeight - scrollTop - clientHeight < NEAR_BEGINNING && end < seqs.length) this.#moveTo(seqs, end + STEP);
  }

  /** Show the messages before the `end`th, and keep one that is on the screen in its place. */
  #moveTo(seqs: number[], end: number): void {
    const top = this.#scroller.getBoundingClientRect().top;
    const reading = [...this.#list.querySelectorAll<HTMLElement>(".message")].find((item) => item.getBoundingClientRect().bottom > top);
    const before = reading?.getBoundingClientRect().top;
    this.#last = end < seqs.length ? (seqs[end - 1] ?? Infinity) : Infinity;
    this.#draw();
    const after = reading && this.#itemOf(Number(reading.dataset.seq))?.getBoundingClientRect().top;
    if (before !== undefined && after !== undefined) this.#scroller.scrollTop += after - before;
  }

  #dropFirst(): void {
    const [first, second] = this.#list.querySelectorAll(".message");
    first?.remove();
    const [day, next] = this.#list.children;
    if (day?.className === "day" && next?.className === "day") day.remove();
    second?.classList.remove("follows");
    byId("beginning").hidden = true;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.wasAtEnd = this.#last === Infinity && scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.wasAtEnd) this.#missed = 0;
    this.#actions.scrolled();
    this.#showPill();
    this.#move();
  }

  #showPill(): void {
    this.#pill.hidden = this.wasAtEnd;
    this.#pill.textContent = this.#missed ? `${this.#missed} new ${this.#missed === 1 ? "message" : "messages"} ↓` : "Jump to latest ↓";
  }

  // --- one message ---

  #seqs(): number[] {
    return [...this.#view.messages.keys()];
  }

  #itemOf(seq: number): HTMLElement | null {
    return this.#list.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
  }

  #withDay(message: wire.Message, before: wire.Message | undefined): HTMLElement[] {
    const day = dayItem(message, before);
    const follows =
      !day &&
      before !== undefined &&
      before.by === message.by &&
      before.id === message.id &&
      !message.reply_to &&
      Date.parse(message.at) - Date.parse(before.at) < TOGETHER;
    return [...(day ? [day] : []), this.#item(message, follows)];
  }

  #item(message: wire.Message, follows: boolean): HTMLElement {
    const item = messageItem(message, {
      follows,
      me: this.#me,
      quoted: this.#view.messages.get(message.reply_to ?? 0),
      react: this.#actions.react,
    });
    if (!message.deleted) item.append(toolsOf(message, this.#me, this.#actions, this));
    return item;
  }

  /** A tap on a message brings its tools, where there is no pointer that could hover. */
  #choose(target: Element): void {
    if (target.closest("button, a, textarea") || matchMedia("(hover: hover)").matches) return;
    target.closest(".message")?.classList.toggle("chosen");
  }

  /** Put away the tools of all messages but the one that is touched. */
  #leave(target: Element | null): void {
    const touched = target?.closest(".message");
    for (const tools of this.#list.querySelectorAll(".chosen > .tools, .tools.open")) {
      const item = tools.closest<HTMLElement>(".message");
      if (!item) continue;
      const isOpen = tools.classList.contains("open");
      if (item === touched && (!isOpen || tools.contains(target))) continue;
      item.classList.remove("chosen");
      if (isOpen) this.update(Number(item.dataset.seq));
    }
  }
}
