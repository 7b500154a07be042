// What one sees of a room: a snapshot and the events after it, folded. Knows neither page nor network.

/** What tells an author from all others: two may have one name, and no id can be a name. */
export const whoOf = ({ by, id }) => id ?? by;

/** Who reacted to a message with an emoji, as authors. */
export function reactedWith(message, emoji) {
  const ids = message.reaction_ids?.[emoji] ?? [];
  return (message.reactions?.[emoji] ?? []).map((by, i) => ({ by, id: ids[i] ?? undefined }));
}

/** The people in two lists, by what tells them apart; without `ids` nobody has one. */
export function peopleOf(names, ids) {
  return new Map(names.map((by, i) => [whoOf({ by, id: ids?.[i] }), by]));
}

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
const tombstone = ({ seq, at, by, id }) => ({ seq, at, by, ...(id && { id }), deleted: true });

function changed(message, event) {
  switch (event.event) {
    case "edited": {
      const { bytes: _bytes, arguments: _arguments, attachments: _attachments, ...rest } = message;
      return { ...rest, text: event.text, edited_at: event.at };
    }
    case "deleted":
      return tombstone(message);
    case "reacted":
      return withReactions(message, event.emoji, [...reactedWith(message, event.emoji), event]);
    case "unreacted":
      return withReactions(
        message,
        event.emoji,
        reactedWith(message, event.emoji).filter((author) => whoOf(author) !== whoOf(event)),
      );
    default:
      return message; // an event of a later server's
  }
}

function withReactions(message, emoji, authors) {
  const reactions = replaced(message.reactions, emoji, authors.length > 0 && authors.map(({ by }) => by));
  const hasIds = authors.some(({ id }) => id !== undefined);
  const reaction_ids = replaced(message.reaction_ids, emoji, hasIds && authors.map(({ id }) => id ?? null));
  const { reactions: _reactions, reaction_ids: _ids, ...rest } = message;
  return { ...rest, ...(reactions && { reactions }), ...(reaction_ids && { reaction_ids }) };
}

/** An object with another value under a key, or without it; undefined if nothing is left. */
function replaced(object, key, value) {
  const entries = new Map(Object.entries(object ?? {}));
  if (value) entries.set(key, value);
  else entries.delete(key);
  return entries.size ? Object.fromEntries(entries) : undefined;
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
