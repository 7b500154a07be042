// What one sees of a room: a snapshot and the events after it, folded. Knows neither page nor network.

/** A room as a snapshot shows it: messages by seq in order, and the state document. */
export function viewOf(snapshot) {
  return {
    messages: new Map(snapshot.messages.map((message) => [message.seq, message])),
    more: snapshot.more,
    state: snapshot.state,
  };
}

/**
 * Fold one event into a view. Returns the seq of the message that was added or changed, or undefined.
 * The event must be the next one: the caller sees to that.
 */
export function apply(view, event) {
  if (event.event === "posted") {
    const { event: _kind, room: _room, ...message } = event;
    view.messages.set(event.seq, event.erased ? tombstone(event) : message);
    return event.seq;
  }
  if (event.event === "patched") {
    view.state = merge(view.state, event.patch);
    return undefined;
  }
  const message = view.messages.get(event.message);
  if (message === undefined) return undefined; // older than what is shown
  view.messages.set(event.message, changed(message, event));
  return event.message;
}

/**
 * Put older messages before those that are there. `page` is the answer to `history`; `meanwhile` are the events that
 * came since it was asked for: those that are newer than the page may have changed what is on it.
 */
export function prepend(view, page, meanwhile) {
  const older = page.messages.map((message) => [message.seq, message]);
  view.messages = new Map([...older, ...view.messages]);
  view.more = page.more;
  const isOlder = new Set(older.map(([seq]) => seq));
  for (const event of meanwhile) if (event.seq > page.head && isOlder.has(event.message)) apply(view, event);
}

/** Let go of the oldest messages, so that at most `count` stay; they can be had again. */
export function trim(view, count) {
  for (const seq of view.messages.keys()) {
    if (view.messages.size <= count) return;
    view.messages.delete(seq);
    view.more = true;
  }
}

/** What is left of a deleted message. */
const tombstone = ({ seq, at, by }) => ({ seq, at, by, deleted: true });

function changed(message, event) {
  switch (event.event) {
    case "edited": {
      const { bytes: _bytes, arguments: _arguments, attachments: _attachments, ...rest } = message;
      return { ...rest, text: event.text, edited_at: event.at };
    }
    case "deleted":
      return tombstone(message);
    case "reacted":
      return withNames(message, event.emoji, (names) => [...names, event.by]);
    case "unreacted":
      return withNames(message, event.emoji, (names) => names.filter((name) => name !== event.by));
    default:
      return message; // an event of a later server's
  }
}

function withNames(message, emoji, change) {
  const reactions = new Map(Object.entries(message.reactions ?? {}));
  const names = change(reactions.get(emoji) ?? []);
  if (names.length) reactions.set(emoji, names);
  else reactions.delete(emoji);
  const { reactions: _reactions, ...rest } = message;
  return reactions.size ? { ...rest, reactions: Object.fromEntries(reactions) } : rest;
}

/** JSON Merge Patch (RFC 7396). */
export function merge(document, patch) {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(document) ? document : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
