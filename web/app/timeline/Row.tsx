// One message: who says it, in the margin, and what.

import { useComputed } from "@preact/signals";
import { fullOf, timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { nameOf } from "../store/names.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { editing } from "../store/state.ts";
import { Avatar, hueOf } from "../ui/Avatar.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Body } from "./Body.tsx";
import { Editor } from "./Editor.tsx";
import { Reactions } from "./Reactions.tsx";
import { Tools } from "./Tools.tsx";
import { chosen } from "./touch.ts";

const MOST_QUOTED = 140; // characters

interface RowProps {
  message: wire.Message;
  /** Whether it stands under the name of the one before. */
  follows: boolean;
  /** Who one is. */
  who: string;
  quoted: wire.Message | undefined;
  isNew: boolean;
  isLinked: boolean;
}

export const Speaker = ({ by }: { by: string }) => (
  <div class={`speaker ${hueOf(by)}`}>
    <Name text={nameOf(by)} className="by" />
    <Avatar who={by} />
  </div>
);

export const Time = ({ at }: { at: string }) => (
  <time dateTime={at} title={fullOf(at)}>
    {timeOf(at)}
  </time>
);

function quoteText(quoted: wire.Message | undefined): string {
  if (!quoted) return t.earlierMessage;
  const text = quoted.deleted ? t.deleted : (quoted.text ?? t.binaryQuote);
  return harmless(t.quoted(nameOf(quoted.by), [...text].slice(0, MOST_QUOTED).join("")));
}

export function Row({ message, follows, who, quoted, isNew, isLinked }: RowProps) {
  const isEdited = useComputed(() => editing.value === message.seq).value;
  const isChosen = useComputed(() => chosen.value === message.seq).value;
  const isMine = whoOf(message) === who;
  const names = [
    "message",
    follows && "follows",
    isMine && "mine",
    isNew && !isMine && "new",
    isLinked && "linked",
    isChosen && "chosen",
    isEdited && "edited",
  ];
  return (
    <li class={names.filter(Boolean).join(" ")} data-seq={message.seq} tabIndex={isLinked ? -1 : undefined}>
      <Speaker by={message.by} />
      <div class="main">
        {message.reply_to && (
          <div class="quote" dir="auto">
            {quoteText(quoted)}
          </div>
        )}
        {isEdited ? (
          <Editor message={message} />
        ) : (
          <div class="said" dir="auto">
            <div class="body">
              <Body message={message} who={who} />
            </div>{" "}
            <Time at={message.at} />
          </div>
        )}
        {message.reactions && <Reactions message={message} who={who} />}
      </div>
      {!message.deleted && !isEdited && <Tools message={message} who={who} />}
    </li>
  );
}
