// The texts of the admin page, in English. They are loaded with it.

import { many } from "./en.ts";

export const a = {
  title: "Administration",
  tabs: {
    people: "People",
    connections: "Connections",
    rooms: "Rooms",
    invites: "Invites",
    emoji: "Emoji",
    files: "Files",
    figures: "Figures",
    settings: "Settings",
    audit: "Audit log",
  },
  notForYou: "Only owners and admins of this server can see this page.",
  find: "Find",
  showMore: "Show more",
  showAll: "Show all",
  nothingFound: "Nothing found",
  refresh: "Refresh",

  // people
  bot: "Bot",
  suspended: "Suspended",
  since: (day: string) => `since ${day}`,
  manage: (name: string) => `Manage ${name}`,
  suspend: "Suspend…",
  suspendIt: "Suspend",
  suspendNamed: (name: string) => `Suspend ${name}`,
  suspendMeans: (sessions: number) =>
    `${many(sessions, "session ends", "sessions end")} now, and nobody can log in to the account until you reinstate it. What it wrote stays.`,
  reinstate: "Reinstate",
  resetLink: "Make a reset link",
  resetNamed: (name: string) => `Reset link for ${name}`,
  resetHint: "It is shown only once, and is good for 24 hours. Whoever has it chooses the password.",
  link: "Link",
  endAll: "End all sessions",
  allEnded: (name: string) => `${name} is logged out everywhere`,
  sessions: (n: number) => many(n, "session", "sessions"),
  connections: (n: number) => many(n, "live connection", "live connections"),
  opened: (day: string) => `opened ${day}`,
  roleOf: (name: string) => `Role of ${name}`,
  removePerson: "Remove…",
  removeIt: "Remove for good",
  removeNamed: (name: string) => `Remove ${name}`,
  removeMeans: (sessions: number, tokens: number, rooms: number) =>
    `${many(sessions, "session", "sessions")} and ${many(tokens, "API token", "API tokens")} end, and the account leaves ${many(rooms, "room", "rooms")}. Nobody can take its handle again. This can't be undone.`,
  eraseMessages: "Also erase all of its messages and reactions, in every room",
  isRemoved: (name: string) => `${name} is removed`,

  // connections
  noConnections: "Nobody is connected.",
  connectionsMean:
    "These are the connections to the server process that answered. Apps reconnect automatically. To keep someone out, suspend the account or end its sessions.",
  holders: { guest: "Guest", token: "Token", user: "User of another app" } as Record<string, string>,
  transports: { native: "WebSocket", plain: "Plain WebSocket", sse: "Event stream" } as Record<string, string>,
  connectedSince: (moment: string) => `since ${moment}`,
  heardAt: (time: string) => `last active ${time}`,
  end: "End",
  endConnection: (name: string, moment: string) => `End ${name}'s connection (since ${moment})`,
  isEnded: "Connection ended",

  // rooms
  noRooms: "Nobody has made a room yet.",
  members: (n: number) => many(n, "member", "members"),
  messages: (n: number) => many(n, "message", "messages"),
  kinds: { open: "Open", closed: "Closed" } as Record<string, string>,
  archived: "Archived",
  open: "Open",
  openNamed: (title: string) => `Open ${title}`,
  archive: "Archive…",
  archiveIt: "Archive",
  archiveNamed: (title: string) => `Archive ${title}`,
  archiveMeans: (members: number, messages: number) =>
    `Nobody can write in it any more. Its ${many(members, "member", "members")} can still read its ${many(messages, "message", "messages")}. You can restore it.`,
  restore: "Restore",
  host: "Become a host…",
  hostIt: "Become a host",
  hostNamed: (title: string) => `Become a host of ${title}`,
  hostMeans: (members: number) =>
    `You join it, and can read and change everything in it. Its ${many(members, "member sees", "members see")} that you came as an admin.`,
  roomsStay: "Rooms can't be deleted. Archive them, or set in their own settings how long messages are kept.",

  // invites
  noInvites: "There are no open invites.",
  newInvite: "Make an invite",
  usesLeft: (n: number) => many(n, "use left", "uses left"),
  until: (day: string) => `until ${day}`,
  by: (name: string) => `by ${name}`,
  revoke: "Revoke",
  revokeNamed: (role: string, name: string) => `Revoke the invite for ${role} by ${name}`,

  // emoji
  noEmoji: "This server has no emoji of its own yet.",
  name: "Name",
  nameHint: "Letters from a to z, digits, and _ + -: people write it between colons, such as :parrot:",
  picture: "Picture",
  pictureHint: "PNG, GIF, JPEG, WebP or AVIF, at most 64 KiB and 512 × 512 pixels",
  choosePicture: "Choose a picture",
  add: "Add",
  addEmoji: "Add an emoji",
  isAdded: (name: string) => `:${name}: is added`,
  removeEmoji: "Remove…",
  removeEmojiIt: "Remove",
  removeEmojiNamed: (name: string) => `Remove :${name}:`,
  removeEmojiMeans: (name: string) => `The picture is deleted. Messages and reactions with it show :${name}: instead.`,

  // files
  filesTake: (used: string, most: string) => (most ? `All files use ${used} of ${most}.` : `All files use ${used}.`),
  nothingGoes: "Lowering a limit deletes nothing. Anyone above their limit can't upload until they delete messages with files.",
  limits: { file: "Each file", person: "Files of each person", server: "All files" } as Record<string, string>,
  noLimit: "no limit",
  limitTo: (size: string) => `at most ${size}`,
  limit: "Limit…",
  limitOf: (name: string) => `Limit: ${name}`,
  mebibytes: "MiB",
  byDefault: (size: string) => `Leave empty for the server's default (${size})`,
  asForAll: (size: string) => `Leave empty for the limit that applies to everyone (${size})`,
  useMebibytes: "Enter a number of MiB",
  mostFiles: "Accounts using the most space",
  noFiles: "Nobody has uploaded a file yet.",
  takes: (used: string, limit: string) => `${used} of ${limit}`,
  ownLimit: "individual limit",

  // figures
  version: (version: string) => `hubbub ${version}`,
  ofOneWorker: (workers: number) => `These are the figures of one of ${many(workers, "worker", "workers")}.`,
  plots: {
    connections: "Connections",
    changes: "Changes per second",
    commit: "Commit time, ms",
    lag: "Event loop delay, ms",
    memory: "Memory, MB",
  },
  now: (value: string) => `now ${value}`,
  byTransport: "Live connections",
  refusals: "Refused since the server started",
  noRefusals: "Nothing has been refused so far.",
  lost: "No answer at the moment. Trying again.",

  // settings
  settingsMean: "To change a setting, use a flag, a variable or the settings file, and restart the server.",
  isDefault: "default",
  notSet: "not set",
  setting: "Setting",
  value: "Value",
  origin: "Comes from",

  // the audit log
  noEntries: "The audit log is empty.",
  verify: "Check the log",
  intact: (n: number) => `The audit log is intact: ${many(n, "entry", "entries")}`,
  broken: (seq: number) => `The audit log was changed at entry ${seq}, or just before it`,
  server: "the server",
  erasedEntry: "erased",
};
