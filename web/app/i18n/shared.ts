// The page's texts that embedded rooms show, too, in English; the rest are in en.ts.
// What depends on a number, a name or a list is a function.

export const LANGUAGE = "en";
export const plurals = new Intl.PluralRules(LANGUAGE);
export const numbers = new Intl.NumberFormat(LANGUAGE);

/** A number with the noun that it counts. */
export const many = (n: number, one: string, other: string): string => `${numbers.format(n)} ${plurals.select(n) === "one" ? one : other}`;

/** A number of bytes in a unit that fits. */
function bytes(n: number): string {
  const power = Math.min(3, Math.floor(Math.log(Math.max(1, n)) / Math.log(1024)));
  if (!power) return many(n, "byte", "bytes");
  return `${(n / 1024 ** power).toLocaleString(LANGUAGE, { maximumFractionDigits: 1 })} ${["KiB", "MiB", "GiB"][power - 1]}`;
}

export const shared = {
  language: LANGUAGE,
  direction: "ltr" as "ltr" | "rtl",

  room: "Room",
  messages: "Messages",
  loading: "Loading…",
  trying: "No connection. Trying…",
  embedNames: 'This page names no room: write <hubbub-room room="lobby">',
  nothingYet: "Nobody has written anything yet.",
  earlierMessages: "Show earlier messages",
  writeHere: "Write a message",

  // a message
  message: "Message",
  send: "Send",
  react: "React",
  reactWith: (emoji: string) => `React with ${emoji}`,
  reactedBy: (emoji: string, n: number) => `${emoji} by ${numbers.format(n)}`,
  replyInThread: "Reply in thread",
  replies: (n: number, last: string, title: string) =>
    [title, many(n, "reply", "replies"), n > 0 && `last ${last}`].filter(Boolean).join(" · "),
  thread: "Thread",
  threadMessages: "Replies",
  replyToThread: "Reply",
  sendReply: "Send reply",
  backToRoom: "Back to the room",
  earlier: "Show earlier replies",
  noReplies: "No replies yet.",
  threadEnded: "This thread has ended.",
  edited: "(edited)",
  save: "Save",
  deleted: "deleted",
  code: "Code",

  // files and previews
  files: "Files",
  previews: "Link previews",
  removePreview: (title: string) => `Remove the preview of “${title}”`,
  removeThisPreview: "Remove this preview",
  attachFiles: "Attach files",
  attached: "Attached files",
  unnamedFile: "file",
  pasted: (when: string) => `Pasted picture ${when}`,
  fileTooLarge: (name: string, size: number, most: number) =>
    most ? `${name} is too large (${bytes(size)}): the limit is ${bytes(most)}` : "This server doesn't accept files",
  tooManyFiles: (most: number) => `A message can have up to ${numbers.format(most)} files. Send these first`,
  fileNotKept: "This device no longer has the file: remove it and attach it again",
  fileUnreadable: "The file can't be read: it may have been changed or moved",
  fileNotSent: (why: string) => `Not uploaded: ${why}`,
  filesFirst: "A file could not be uploaded. Try again, or remove it",
  fileProgress: (sent: number, size: number) =>
    `${bytes(size)} · ${new Intl.NumberFormat(LANGUAGE, { style: "percent" }).format(size ? Math.floor((100 * sent) / size) / 100 : 1)}`,
  waitingForTurn: "Waiting for its turn",
  waitingForConnection: "Waiting for the connection",
  paused: "Paused",
  uploaded: "Uploaded",
  notKeptYet: "Not enough space on this device: stay on this page until it is sent",
  uploadOf: (name: string) => `Upload of ${name}`,
  pauseUpload: (name: string) => `Pause ${name}`,
  resumeUpload: (name: string) => `Resume ${name}`,
  retryUpload: (name: string) => `Try ${name} again`,
  altOf: (name: string) => `Alt text for ${name}`,
  altHint: "Describe this image",
  removeFile: (name: string) => `Remove ${name}`,
  sendingFiles: (n: number) => `Sending… ${many(n, "file", "files")} to upload`,
  typeOf: (name: string, type: string) => {
    const [kind = "", sort = ""] = type.split("/");
    const ending = /\.(\w{1,8})$/.exec(name)?.[1] ?? "";
    return kind === "application" ? (ending ? ending.toUpperCase() : "File") : sort.toUpperCase();
  },
  fileGone: "This file is no longer here, or you can't see it any more",
  fileBroken: "This file can't be shown",
  picturePlace: (n: number, of: number) => `${numbers.format(n)} of ${numbers.format(of)}`,
  previousPicture: "Previous picture",
  nextPicture: "Next picture",
  zoom: "Actual size",
  bytes,
  binaryQuote: "binary",
  sending: "Sending…",
  notSent: (why: string) => `Not sent: ${why}`,
  retry: "Retry",
  discard: "Discard",
  someone: "Someone",
  close: "Close",
  noServer: "Can't reach the server",
};
