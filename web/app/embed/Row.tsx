// One message of an embedded room, with its reactions and its thread; and one that is not yet in the log.

import { useState } from "preact/hooks";
import { dayKey, dayOf, fullOf, timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/embedded.ts";
import type { Embedded, Log, UnsentMessage } from "../store/embedded.ts";
import type { wire } from "../store/sdk.ts";
import { EmojiText } from "../timeline/EmojiText.tsx";
import { FetchedFiles } from "../timeline/FetchedFiles.tsx";
import { isGrouped } from "../timeline/grouping.ts";
import { Previews } from "../timeline/Previews.tsx";
import { Written } from "../timeline/Written.tsx";
import { Avatar, hueOf } from "../ui/Avatar.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { attaching } from "./attaching.ts";

const USUAL = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

interface ActsProps {
  of: Embedded;
  log: Log;
  message: wire.Message;
  /** Where its buttons stand in the order of the Tab key: only those of the message that one is at can be reached. */
  tabIndex: number;
  /** Whether its thread is open below it. */
  isRoot: boolean;
}

interface RowProps extends Omit<ActsProps, "tabIndex"> {
  before: wire.Message | undefined;
  isAt: boolean;
}

export function Row({ before, isAt, ...props }: RowProps) {
  const { of: room, log, message } = props;
  const isNewDay = dayKey(message.at) !== dayKey(before?.at ?? "");
  const isUnderName = !isNewDay && isGrouped(message, before);
  const acts = { ...props, tabIndex: isAt ? 0 : -1 };
  const thread = log.threadOf(message.seq);
  return (
    <>
      {isNewDay && <li class="day">{dayOf(message.at)}</li>}
      <li
        class={["message", room.isMine(message) && "mine", isUnderName && "grouped"].filter(Boolean).join(" ")}
        data-seq={message.seq}
        tabIndex={-1}
      >
        {!isUnderName && <By name={room.nameOf(message.by) ?? t.someone} message={message} />}
        <div class="body" dir="auto">
          {message.deleted ? <em>{t.deleted}</em> : message.text === undefined ? <em>{t.binaryQuote}</em> : <Written text={message.text} />}
          {message.edited_at && !message.deleted && <small> {t.edited}</small>}
        </div>
        {message.files && !message.deleted && <FetchedFiles of={message.files} get={room.get} />}
        {message.previews && !message.deleted && <Previews of={message.previews} tabIndex={acts.tabIndex} />}
        {message.reactions && <Reactions {...acts} />}
        {thread && thread.nth > 0 && !props.isRoot && <Replies {...acts} thread={thread} />}
        {!message.deleted && <Tools {...acts} />}
      </li>
    </>
  );
}

const By = ({ name, message }: { name: string; message: wire.Message }) => (
  <p class={`by ${hueOf(message.by)}`}>
    <Avatar who={message.by} />
    <Name text={name} />
    <time dateTime={message.at} title={fullOf(message.at)}>
      {timeOf(message.at)}
    </time>
  </p>
);

const Reactions = ({ of: room, log, message, tabIndex }: ActsProps) => (
  <div class="reactions">
    {Object.entries(message.reactions ?? {}).map(([emoji, names]) => {
      const isMine = room.hasReacted(message, emoji);
      return (
        <button
          key={emoji}
          type="button"
          tabIndex={tabIndex}
          title={names.map((name) => harmless(room.nameOf(name) ?? t.someone)).join(", ")}
          aria-pressed={isMine}
          aria-label={t.reactedBy(harmless(emoji), names.length)}
          onClick={() => log.react(message.seq, emoji, !isMine)}
        >
          <EmojiText text={harmless(emoji)} /> {names.length}
        </button>
      );
    })}
  </div>
);

/** How many replies there are; opens them. */
const Replies = ({ of: room, message, tabIndex, thread }: ActsProps & { thread: wire.ThreadInRoom }) => (
  <button type="button" class="replies" tabIndex={tabIndex} onClick={() => room.openThread(message.seq)}>
    {t.replies(thread.replies ?? thread.nth, timeOf(thread.at), harmless(thread.title ?? ""))}
  </button>
);

/** What one may do with a message: to be seen at the one that one is at. */
function Tools({ of: room, log, message, tabIndex, isRoot }: ActsProps) {
  const [isChoosing, setChoosing] = useState(false);
  const react = (emoji: string) => {
    setChoosing(false);
    if (!room.hasReacted(message, emoji)) log.react(message.seq, emoji, true);
  };
  return (
    <div class={isChoosing ? "tools choosing" : "tools"}>
      {isChoosing &&
        USUAL.map((emoji) => (
          <button key={emoji} type="button" tabIndex={tabIndex} aria-label={t.reactWith(emoji)} onClick={() => react(emoji)}>
            {emoji}
          </button>
        ))}
      <button type="button" tabIndex={tabIndex} aria-expanded={isChoosing} onClick={() => setChoosing(!isChoosing)}>
        {t.react}
      </button>
      {log.hasThreads && !isRoot && !isChoosing && (
        <button type="button" tabIndex={tabIndex} onClick={() => room.openThread(message.seq)}>
          {t.replyInThread}
        </button>
      )}
    </div>
  );
}

/** What is not yet in the log, or was refused. */
export function Unsent({ of: room, message: { id, text, isStored, why, files } }: { of: Embedded; message: UnsentMessage }) {
  const held = room.files.value;
  const AttachedFiles = attaching.value?.AttachedFiles;
  const toUpload = files.filter(({ state }) => state !== "whole").length;
  const isRefused = why !== undefined;
  return (
    <li class={isRefused ? "message unsent refused" : "message unsent"}>
      <div class="body" dir="auto">
        <Written text={text} />
      </div>
      {AttachedFiles && held && files.length > 0 && <AttachedFiles of={held} files={files} />}
      <p class={isRefused ? "waits why" : "waits"}>
        {isRefused ? (
          <span role="alert">{t.notSent(why)}</span>
        ) : (
          !isStored && <small>{toUpload ? t.sendingFiles(toUpload) : t.sending}</small>
        )}
        {isRefused && (
          <button type="button" onClick={() => room.retry(id)}>
            {t.retry}
          </button>
        )}
        {(isRefused || toUpload > 0) && (
          <button type="button" onClick={() => room.discard(id)}>
            {t.discard}
          </button>
        )}
      </p>
    </li>
  );
}
