// Answers to commands that only ask, as types.

import type { Author, Message, MyThread, Reference, ThreadInRoom } from "./wire.ts";

type People = { people?: Record<string, Author> };

export interface HistoryPage extends People {
  room: string;
  epoch: string;
  head: number;
  /** Oldest first. */
  messages: Message[];
  more: boolean;
  threads?: Record<string, ThreadInRoom>;
}

export interface OneMessage extends People {
  room: string;
  epoch: string;
  head: number;
  /** Which of the room's messages it is. */
  nth: number;
  /** Where the page shows it, relative to the server. */
  url: string;
  message: Message;
  before?: Message[];
  after?: Message[];
}

export interface EditsPage {
  versions: { seq: number; at: string; by: string; id?: string; text: string }[];
  more: boolean;
}

export interface MessageSource extends People {
  of: Reference;
  message: Message | null;
}

export interface PinsPage extends People {
  pins: { seq: number; at: string; by: string; message: Message }[];
  more: boolean;
}

export interface ThreadsPage extends People {
  threads: (ThreadInRoom & { thread: string; message: Message | null })[];
  more: boolean;
}

export interface MyThreadsPage {
  threads: MyThread[];
  more: boolean;
  next?: string;
}

/** The beginning of a message. */
export interface Excerpt {
  seq: number;
  at: string;
  by: string;
  text: string;
  /** How many it has. */
  reactions?: number;
}

/** A room with something unread: how much, and what matters most of it. */
export interface MissedRoom {
  room: string;
  kind: "open" | "closed" | "direct";
  title: string;
  head: number;
  read: number;
  unread: number;
  mentions: number;
  first: Excerpt | null;
  /** The newest first. */
  mentioned?: Excerpt[];
  /** The one with the most reactions first. */
  reacted?: Excerpt[];
}

export interface MissedPage extends People {
  epoch: string;
  /** By their keys. */
  rooms: MissedRoom[];
  more: boolean;
  /** On the first page, those that one follows. */
  threads: (MyThread & { about: Excerpt | null })[];
  more_threads: boolean;
}

export interface SavedPage extends People {
  saved: { of: Reference; seq: number; at: string; note?: string; message: Message | null }[];
  more: boolean;
}

export interface DraftsPage {
  drafts: { where: string; seq: number; at: string; text: string; reply_to?: number }[];
  more: boolean;
}

/** `highlights` are where the words are in the text: start and length in code points. */
export interface SearchHit {
  room: string;
  message: Message;
  highlights: [number, number][];
}

export interface SearchPage extends People {
  epoch: string;
  hits: SearchHit[];
  more: boolean;
  /** After what to go on, as `before`. */
  then?: string;
  /** What was posted or edited before this time is found; null if the server has not read all rooms yet. */
  indexed_to: string | null;
  /** What the rooms are called that have a title. */
  titles?: Record<string, string>;
  /** A sentence for people, if the query may not mean what they intended. */
  hint?: string;
}
