// Writing: the field at the bottom, replies, and who is told that one types.

import { whoOf } from "#sdk";
import { byId, fit, harmless } from "./dom.ts";
import { timeline } from "./history.ts";
import { nameOf } from "./names.ts";
import { isReading, lastOf } from "./reading.ts";
import { isMade } from "./routes.ts";
import { now, places } from "./state.ts";

const TYPING_EVERY = 3000;

export function showComposer(): void {
  fit(text);
  byId("replying").hidden = !now.replyTo;
  byId("replying-to").textContent = now.replyTo ? `Replying to ${harmless(nameOf(now.replyTo.by))}` : "";
}

export const text = byId("text", HTMLTextAreaElement);

export const isTouch = matchMedia("(pointer: coarse)").matches;

let lastTyping = 0;
let typingTimer: number | undefined;

function send(): void {
  const written = text.value.trim();
  if (!written || !now.client) return;
  text.value = "";
  const read = now.account && isMade(now.current) && isReading(now.current) ? lastOf(now.current) : undefined;
  now.client.post(now.current, written, now.replyTo?.seq, read);
  now.replyTo = undefined;
  lastTyping = 0;
  clearTimeout(typingTimer);
  showComposer();
  timeline.toEnd();
  text.focus();
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

byId("no-reply").addEventListener("click", () => {
  now.replyTo = undefined;
  showComposer();
});

text.addEventListener("input", () => {
  showComposer();
  if (!text.value || Date.now() - lastTyping < TYPING_EVERY) return;
  lastTyping = Date.now();
  const room = now.current;
  typingTimer = setTimeout(() => now.client?.signal(room, "typing"), 300); // not if it is sent at once
});

text.addEventListener("keydown", (key) => {
  if (key.isComposing || key.keyCode === 229) return; // an input method is choosing characters
  if (key.key === "Enter" && !key.shiftKey && !isTouch) {
    key.preventDefault();
    send();
  } else if (key.key === "ArrowUp" && !text.value) {
    const mine = [...(places.get(now.current)?.view?.messages.values() ?? [])].findLast(
      (m) => whoOf(m) === now.client?.me.who && m.text !== undefined,
    );
    if (!mine) return;
    key.preventDefault();
    timeline.editInPlace(mine.seq);
  } else if (key.key === "Escape" && now.replyTo) {
    now.replyTo = undefined;
    showComposer();
  }
});
