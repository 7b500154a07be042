// The slash commands: one table that says how each is written, who may use it, what it does, and what the help says about it.

import { t } from "../i18n/index.ts";
import { openMissed } from "../store/absence.ts";
import * as acting from "../store/acting.ts";
import { isMade, roomOf } from "../store/address.ts";
import { create, inviteTo, leave } from "../store/doing.ts";
import * as managing from "../store/managing.ts";
import { may, type Right } from "../store/members.ts";
import { isThread } from "../store/panel.ts";
import { leaveDevice } from "../store/presence.ts";
import { markUnread } from "../store/reading.ts";
import { openSearch } from "../store/seeking.ts";
import { changeLevel } from "../store/settings.ts";
import { accountOf } from "../store/state.ts";
import { showWindow } from "../store/windows.ts";
import { closest } from "../ui/rank.ts";
import { type Argument, type Given, readArguments } from "./arguments.ts";

/** Where a command can be used: everywhere, by accounts everywhere, in made rooms, or in those but not in threads. */
type Where = "everywhere" | "account" | "made" | "room";

export interface Command {
  /** What it takes, in this order. */
  takes: readonly Argument[];
  about: string;
  where: Where;
  right?: Right;
  /** In a thread, a command is about its room, unless it can be used in rooms alone. */
  does(given: Given, room: string): Promise<unknown>;
}

const PERSON: Argument = { kind: "person", name: t.arguments.person };
const FOR: Argument = { kind: "time", name: t.arguments.time, isOptional: true };
const text = (name: string, isOptional = false): Argument => ({ kind: "text", name, isOptional });
const choice = (...options: string[]): Argument => ({ kind: "choice", name: options.join("|"), options });

const about = t.commands;

const COMMANDS: Record<string, Command> = {
  help: { takes: [], about: about.help, where: "everywhere", does: async () => showWindow("help") },
  join: {
    takes: [text(t.arguments.room)],
    about: about.join,
    where: "everywhere",
    does: ({ text }) => acting.joinNamed(text.replace(/^#/, "")),
  },
  direct: {
    takes: [{ ...PERSON, kind: "people" }],
    about: about.direct,
    where: "account",
    does: ({ people }) => create({ kind: "direct", who: people }),
  },
  missed: { takes: [], about: about.missed, where: "account", does: async () => openMissed() },
  search: { takes: [text(t.arguments.words)], about: about.search, where: "account", does: async ({ text }) => openSearch(text) },
  status: { takes: [text(t.arguments.text, true)], about: about.status, where: "account", does: ({ text }) => acting.setStatus(text) },
  away: { takes: [], about: about.away, where: "account", does: leaveDevice },
  block: { takes: [PERSON], about: about.block, where: "account", does: ({ who }) => acting.block(who, true) },
  unblock: { takes: [PERSON], about: about.unblock, where: "account", does: ({ who }) => acting.block(who, false) },
  thread: { takes: [], about: about.thread, where: "room", does: (_, room) => acting.showThread(room) },
  reply: {
    takes: [text(t.arguments.text)],
    about: about.reply,
    where: "room",
    right: "post",
    does: ({ text }, room) => acting.replyInThread(room, text),
  },
  pin: { takes: [], about: about.pin, where: "room", right: "pin", does: (_, room) => acting.pinMeant(room, true) },
  unpin: { takes: [], about: about.unpin, where: "room", right: "pin", does: (_, room) => acting.pinMeant(room, false) },
  topic: {
    takes: [text(t.arguments.text, true)],
    about: about.topic,
    where: "made",
    right: "describe",
    does: ({ text }, room) => managing.changeRoom(room, { topic: text }),
  },
  title: {
    takes: [text(t.arguments.text)],
    about: about.title,
    where: "made",
    right: "title",
    does: ({ text }, room) => managing.changeRoom(room, { title: text }),
  },
  invite: {
    takes: [{ ...PERSON, kind: "people" }],
    about: about.invite,
    where: "made",
    right: "invite",
    does: ({ people }, room) => inviteTo(room, people),
  },
  remove: {
    takes: [PERSON],
    about: about.remove,
    where: "made",
    right: "moderate",
    does: ({ who }, room) => managing.removeFrom(room, who),
  },
  ban: {
    takes: [PERSON, FOR],
    about: about.ban,
    where: "made",
    right: "moderate",
    does: ({ who, seconds }, room) => managing.restrain("bans", room, who, seconds),
  },
  unban: {
    takes: [PERSON],
    about: about.unban,
    where: "made",
    right: "moderate",
    does: ({ who }, room) => managing.release("bans", room, who),
  },
  mute: {
    takes: [PERSON, FOR],
    about: about.mute,
    where: "made",
    right: "moderate",
    does: ({ who, seconds }, room) => managing.restrain("mutes", room, who, seconds),
  },
  unmute: {
    takes: [PERSON],
    about: about.unmute,
    where: "made",
    right: "moderate",
    does: ({ who }, room) => managing.release("mutes", room, who),
  },
  appoint: {
    takes: [PERSON, choice("host", "member")],
    about: about.appoint,
    where: "made",
    right: "manage",
    does: ({ who, choice }, room) => managing.appoint(room, who, choice),
  },
  notify: {
    takes: [choice("usual", "all", "mentions", "none")],
    about: about.notify,
    where: "made",
    does: ({ choice }, room) => changeLevel(room, choice === "usual" ? "" : (choice as "all" | "mentions" | "none")),
  },
  unread: { takes: [], about: about.unread, where: "made", does: (_, room) => markUnread(room) },
  leave: { takes: [], about: about.leave, where: "made", right: "leave", does: (_, room) => leave(room) },
};

/** How a command is written. */
export const usageOf = (name: string): string =>
  [`/${name}`, ...(COMMANDS[name]?.takes ?? []).map(({ name, isOptional }) => (isOptional ? `[${name}]` : `<${name}>`))].join(" ");

export const aboutCommand = (name: string): string => COMMANDS[name]?.about ?? "";

/** The names of the commands that one may use in a room. */
export const commandsIn = (room: string): string[] =>
  Object.entries(COMMANDS)
    .filter(([, { where, right }]) => isUsable(where, room) && (!right || may(room, right)))
    .map(([name]) => name);

function isUsable(where: Where, room: string): boolean {
  if (where === "everywhere") return true;
  if (!accountOf() || where === "account") return accountOf() !== undefined;
  return isMade(room) && (where === "made" || !isThread(room));
}

/** Whether a text is a command. One that begins with two slashes is a message that begins with one. */
export const isCommand = (text: string): boolean => text.startsWith("/") && !text.startsWith("//");

/** What a message says that was written like this. */
export const unescaped = (text: string): string => (text.startsWith("//") ? text.slice(1) : text);

/** Do what a command says. Rejects if it is no command, is not complete, or is refused. */
export async function obey(text: string, room: string): Promise<void> {
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(text.trim()) ?? [];
  const known = commandsIn(room);
  if (!known.includes(name)) throw new Error(t.unknownCommand(name, closest(name, known)));
  const command = COMMANDS[name] as Command;
  const given = readArguments(rest, command.takes);
  if (!given) throw new Error(t.writeIt(usageOf(name)));
  await command.does(given, roomOf(room));
}
