// One message: who says it, in the margin, and what.

import { useComputed } from "@preact/signals";
import { fullOf, timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { plainOf } from "../markdown/index.ts";
import { wordsOf } from "../store/files.ts";
import { goTo } from "../store/history.ts";
import { may } from "../store/members.ts";
import { mentionsMe } from "../store/mentions.ts";
import { nameOf, pictureOf } from "../store/names.ts";
import { openThread } from "../store/panel.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { removePreview } from "../store/sending.ts";
import { editing } from "../store/state.ts";
import { Avatar, hueOf } from "../ui/Avatar.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Body } from "./Body.tsx";
import { Editor } from "./Editor.tsx";
import { Forwarded } from "./Forwarded.tsx";
import { MessageFiles } from "./MessageFiles.tsx";
import { Previews } from "./Previews.tsx";
import { chosen, hasTools, keyOf } from "./pointing.ts";
import { Reactions } from "./Reactions.tsx";
import { Tools } from "./Tools.tsx";

export const GAP = "\u2002"; // between a text and its time; a line may break after it
const MOST_QUOTED = 140; // characters

interface RowProps {
  room: string;
  message: wire.Message;
  thread: wire.ThreadInRoom | undefined;
  isPinned: boolean;
  /** Whether a change of it is not yet in the log. */
  isUnsure: boolean;
  /** Whether it stands under the name of the one before. */
  isGrouped: boolean;
  /** Who one is. */
  who: string;
  quoted: wire.Message | undefined;
  isNew: boolean;
  isLinked: boolean;
}

interface SpeakerProps {
  by: string;
  /** Whether it is that of the message before, so that one sees who it is. */
  isSame?: boolean;
}

export const Speaker = ({ by, isSame }: SpeakerProps) => (
  <div class={`speaker ${hueOf(by)}`}>
    <Name text={nameOf(by)} className="by" title={harmless(nameOf(by))} />
    {!isSame && <Avatar who={by} picture={pictureOf(by)} />}
  </div>
);

export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} onPointerEnter={({ currentTarget }) => (currentTarget.title = fullOf(at))}>
    {timeOf(at)}
  </time>
);

function quoteText(quoted: wire.Message | undefined): string {
  if (!quoted) return t.earlierMessage;
  const text = quoted.deleted ? t.deleted : plainOf(wordsOf(quoted) ?? t.binaryQuote);
  return t.quoted(harmless(nameOf(quoted.by)), harmless([...text].slice(0, MOST_QUOTED).join("")));
}

/** How many replies there are in a message's thread; opens it. */
const Replies = ({ seq, thread }: { seq: number; thread: wire.ThreadInRoom }) => (
  <button type="button" class="replies" onClick={() => openThread(seq)}>
    {t.replies(thread.replies ?? thread.nth, timeOf(thread.at), harmless(thread.title ?? ""))}
  </button>
);

/** What somebody does with a message here, as classes. */
function doneWith(room: string, seq: number): string {
  const key = keyOf(room, seq);
  const isEdited = editing.value?.room === room && editing.value.seq === seq;
  return [isEdited && "edited", chosen.value === key && "chosen", hasTools(key) && "pointed"].filter(Boolean).join(" ");
}

export function Row({ room, message, thread, isPinned, isUnsure, isGrouped, who, quoted, isNew, isLinked }: RowProps) {
  const done = useComputed(() => doneWith(room, message.seq)).value;
  const isEdited = done.includes("edited");
  const isMine = whoOf(message) === who;
  const mayRemove = isMine || (message.previews !== undefined && may(room, "delete_any", false));
  const remove = (url: string) => void removePreview(room, message.seq, url);
  const names = [
    "message",
    isGrouped && "grouped",
    isMine && "mine",
    isNew && !isMine && "new",
    isLinked && "linked",
    mentionsMe(message, who) && "mentions",
    done,
    isUnsure && "changing",
  ];
  return (
    <li class={names.filter(Boolean).join(" ")} data-seq={message.seq} data-room={room} tabIndex={-1}>
      <Speaker by={message.by} isSame={isGrouped} />
      <div class="main">
        {message.reply_to && (
          <button type="button" class="quote" dir="auto" onClick={() => goTo(room, message.reply_to ?? 0)}>
            {quoteText(quoted)}
          </button>
        )}
        {message.of && !message.deleted && <Forwarded room={room} seq={message.seq} who={who} />}
        {isEdited ? (
          <Editor room={room} message={message} />
        ) : (
          <div class="said" dir="auto">
            <div class="body">
              <Body message={message} who={who} />
            </div>
            {(message.text || !message.files) && GAP}
            <Time at={message.at} />
          </div>
        )}
        <MessageFiles of={message} room={room} />
        {message.previews && !message.deleted && <Previews of={message.previews} onRemove={mayRemove ? remove : undefined} />}
        {message.reactions && <Reactions room={room} message={message} who={who} />}
        {isPinned && (
          <p class="pinned">
            <Icon name="pin" />
            {t.pinned}
          </p>
        )}
        {thread && (thread.nth > 0 || thread.title) && <Replies seq={message.seq} thread={thread} />}
      </div>
      {done.includes("pointed") && !message.deleted && !isEdited && <Tools room={room} message={message} who={who} isPinned={isPinned} />}
    </li>
  );
}
