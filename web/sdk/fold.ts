// What a client sees of a room: a snapshot and the events after it, folded. Knows neither page nor network.

import { merge } from "./merge.ts";
import type { Author as Account, AnyEvent, Message, Posted, Snapshot } from "./wire.ts";

/** Messages by seq, oldest first; whether there are older ones; the state document. */
export interface View {
  messages: Map<number, Message>;
  more: boolean;
  state: unknown;
  /** Messages that a page showed as of a later event than those that were folded, with its seq. */
  asOf?: Map<number, number>;
}

/** All that is folded of a room, as of the event `seq`. */
export interface RoomView extends View {
  seq: number;
  /** The seq of the last patch of `state`. */
  state_seq: number;
  /** The pinned messages, in the order of pinning. */
  pins: number[];
}

/** The answer to `history`. */
export interface Page {
  messages: Message[];
  more: boolean;
  head: number;
  people?: Record<string, Account>;
}

export interface Author {
  by: string;
  id?: string | undefined;
}

/** What tells an author from all others: two may have one name, and no id can be a name. */
export const whoOf = ({ by, id }: Author): string => id ?? by;

/** Who reacted to a message with an emoji. */
export function reactedWith(message: Message, emoji: string): Author[] {
  const ids = own(message.reaction_ids, emoji);
  return own(message.reactions, emoji).map((by, i) => ({ by, id: ids[i] ?? undefined }));
}

/** What is under a key; it may be called like something that every object has. */
const own = <T>(lists: Record<string, T[]> = {}, key: string): T[] => (Object.hasOwn(lists, key) && lists[key]) || [];

/** The people in two lists, by what tells them apart; without `ids` nobody has one. */
export function peopleOf(names: string[], ids?: (string | null)[]): Map<string, string> {
  return new Map(names.map((by, i) => [whoOf({ by, id: ids?.[i] ?? undefined }), by]));
}

/** A room as a snapshot shows it. */
export function viewOf({ messages, more, state }: Pick<Snapshot, "messages" | "more" | "state">): View {
  return { messages: new Map(messages.map((message) => [message.seq, message])), more, state };
}

/** A room as a snapshot shows it, or one of which nothing is known but how far it was read. */
export function roomViewOf(snapshot: Snapshot | number): RoomView {
  if (typeof snapshot === "number")
    return { ...viewOf({ messages: [], more: true, state: undefined }), seq: snapshot, state_seq: 0, pins: [] };
  return { ...viewOf(snapshot), seq: snapshot.head, state_seq: snapshot.state_seq, pins: [...(snapshot.pins ?? [])] };
}

/** Fold the next event into a view of a room. Returns the seqs of the messages that were added or changed. */
export function advance(view: RoomView, event: AnyEvent): number[] {
  view.seq = event.seq;
  if (event.event === "patched") view.state_seq = event.seq;
  view.pins = pinned(view.pins, event);
  return apply(view, event);
}

/** The messages that an event changes, in one way or another. */
export function changedBy(event: AnyEvent): number[] {
  if (event.event === "erased") return [...(event.messages ?? []), ...(event.reactions ?? [])];
  return "message" in event && event.message !== undefined ? [event.message] : [];
}

/**
 * Fold one event into a view. Returns the seqs of the messages that were added or changed.
 * The event must be the next one: the caller sees to that.
 */
export function apply(view: View, event: AnyEvent): number[] {
  if (event.event === "posted") {
    const { event: _kind, room: _room, erased, ...message } = event;
    view.messages.set(event.seq, erased ? tombstone(event) : message);
    return [event.seq];
  }
  if (event.event === "patched") {
    view.state = merge(view.state, event.patch);
    return [];
  }
  // What is older than what is shown changes nothing.
  const messages = changedBy(event).flatMap((seq) => (event.seq > (view.asOf?.get(seq) ?? 0) && view.messages.get(seq)) || []);
  for (const message of messages) view.messages.set(message.seq, changed(message, event));
  return messages.map(({ seq }) => seq);
}

/**
 * Put older messages before those that are there. `page` is the answer to `history`; `meanwhile` are the events that
 * came since it was asked for: those that are newer than the page may have changed what is on it.
 */
export function prepend(view: View, page: Page, meanwhile: AnyEvent[]): void {
  const older = page.messages.map((message): [number, Message] => [message.seq, message]);
  view.messages = new Map([...older, ...view.messages]);
  view.more = page.more;
  view.asOf = new Map([...(view.asOf ?? []), ...older.map(([seq]): [number, number] => [seq, page.head])]);
  const isOlder = new Set(older.map(([seq]) => seq));
  for (const event of meanwhile) if (changedBy(event).some((seq) => isOlder.has(seq))) apply(view, event);
}

/** What is pinned after an event. */
function pinned(pins: number[], event: AnyEvent): number[] {
  if (event.event === "pinned") return event.message === undefined ? pins : [...pins, event.message];
  const gone = event.event === "unpinned" ? [event.message] : deletedBy(event);
  return gone.length ? pins.filter((seq) => !gone.includes(seq)) : pins;
}

/** The messages that an event deletes. */
function deletedBy(event: AnyEvent): number[] {
  if (event.event === "erased") return event.messages ?? [];
  return event.event === "deleted" ? [event.message] : [];
}

/** Let go of the oldest messages, so that at most `count` stay; they can be had again. */
export function trim(view: View, count: number): void {
  for (const seq of view.messages.keys()) {
    if (view.messages.size <= count) return;
    view.messages.delete(seq);
    view.more = true;
  }
}

/** What is left of a deleted message. */
const tombstone = ({ seq, at, by, id }: Message | Posted): Message => ({ seq, at, by, ...(id && { id }), deleted: true });

function changed(message: Message, event: AnyEvent): Message {
  switch (event.event) {
    case "edited": {
      const {
        bytes: _bytes,
        arguments: _arguments,
        attachments: _attachments,
        text: _text,
        mentions: _mentions,
        calls: _calls,
        files: former,
        ...rest
      } = message;
      const { text, mentions, calls, alts } = event;
      const files = former?.map(({ alt: _alt, ...file }) => ({ ...file, ...(alts?.[file.file] && { alt: alts[file.file] }) }));
      return {
        ...rest,
        ...(text !== undefined && { text }),
        ...(mentions && { mentions }),
        ...(calls && { calls }),
        ...(files && { files }),
        edited_at: event.at,
      };
    }
    case "previewed": {
      const { previews: before, ...rest } = message;
      const previews = event.erased ? before : event.previews;
      return { ...rest, ...(previews?.length && { previews }) };
    }
    case "deleted":
      return tombstone(message);
    case "erased":
      return event.messages?.includes(message.seq) ? tombstone(message) : withoutReactions(message, event.of);
    case "reacted":
    case "unreacted": {
      const { emoji = "" } = event;
      const others = reactedWith(message, emoji).filter((author) => whoOf(author) !== whoOf(event));
      return withReactions(message, emoji, event.event === "reacted" ? [...others, event] : others);
    }
    default:
      return message; // an event of a later server's
  }
}

/** A message without the reactions of an account. */
function withoutReactions(message: Message, of: string): Message {
  return Object.keys(message.reactions ?? {}).reduce(
    (left, emoji) =>
      withReactions(
        left,
        emoji,
        reactedWith(left, emoji).filter((author) => whoOf(author) !== of),
      ),
    message,
  );
}

function withReactions(message: Message, emoji: string, authors: Author[]): Message {
  const names = authors.map(({ by }) => by);
  const reactions = replaced(message.reactions, emoji, authors.length > 0 ? names : undefined);
  const hasIds = authors.some(({ id }) => id !== undefined);
  const reaction_ids = replaced(message.reaction_ids, emoji, hasIds ? authors.map(({ id }) => id ?? null) : undefined);
  const { reactions: _reactions, reaction_ids: _ids, ...rest } = message;
  return { ...rest, ...(reactions && { reactions }), ...(reaction_ids && { reaction_ids }) };
}

/** An object with another value under a key, or without it; undefined if nothing is left. */
function replaced<V>(object: Record<string, V> | undefined, key: string, value: V | undefined): Record<string, V> | undefined {
  const entries = new Map(Object.entries(object ?? {}));
  if (value) entries.set(key, value);
  else entries.delete(key);
  return entries.size ? Object.fromEntries(entries) : undefined;
}
