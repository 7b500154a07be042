// What is shown of a message: what the log says, under what is still to be sent. Pure: the log is never changed by it.

import { apply, reactedWith, whoOf, type wire } from "#sdk";

/** A change of a message that waits, as far as it matters here. */
export interface Change {
  command: { do: string; [field: string]: unknown };
  at: number;
}

const EVENTS = new Map([
  ["react", "reacted"],
  ["unreact", "unreacted"],
  ["edit", "edited"],
  ["delete", "deleted"],
  ["remove_preview", "previewed"],
]);

/** A message as it will be once the changes are in the log: of each smallest part, the newest wins. */
export function overlaid(message: wire.Message, changes: readonly Change[], me: { by: string; id?: string | undefined }): wire.Message {
  const view = { messages: new Map([[message.seq, message]]), more: false, state: undefined };
  for (const { command, at } of changes) {
    const event = EVENTS.get(command.do);
    if (event && !isSo(view.messages.get(message.seq) as wire.Message, command, me))
      apply(view, eventOf(message.seq, event, fieldsOf(command, view.messages.get(message.seq)), at, me));
  }
  return view.messages.get(message.seq) as wire.Message;
}

/** Whether a reaction is already as it is to be. */
function isSo(message: wire.Message, command: Change["command"], me: { by: string; id?: string | undefined }): boolean {
  if (command.do !== "react" && command.do !== "unreact") return false;
  const has = reactedWith(message, String(command.emoji)).some((author) => whoOf(author) === whoOf(me));
  return has === (command.do === "react");
}

/** What the event of a command says besides. */
function fieldsOf(command: Change["command"], message?: wire.Message): Change["command"] {
  if (command.do === "remove_preview") return { ...command, previews: message?.previews?.filter(({ url }) => url !== command.url) };
  if (command.do !== "edit") return command;
  const former = message?.files?.map(({ file, alt = "" }) => [file, alt]) ?? [];
  return { ...command, alts: { ...Object.fromEntries(former), ...(command.alts as Record<string, string>) } };
}

const eventOf = (message: number, event: string, command: Change["command"], at: number, me: { by: string; id?: string | undefined }) =>
  ({ ...command, ...me, event, message, seq: Infinity, room: "", at: new Date(at).toISOString() }) as unknown as wire.AnyEvent;
