// What one may do with a message. Some of it puts a choice in the tools' place until it is made, or one goes elsewhere.

import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { emojiPicker } from "../emoji/open.tsx";
import { t } from "../i18n/index.ts";
import { keysOf, spoken } from "../keys/table.ts";
import { addressOf, isMade } from "../store/address.ts";
import { emojiNames } from "../store/emoji.ts";
import { isThread, openThread } from "../store/panel.ts";
import { say } from "../store/screen.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { pin, react, remove, reply } from "../store/sending.ts";
import { accountOf, editing } from "../store/state.ts";
import { copyText } from "../ui/copy.ts";
import { isFree } from "../ui/focus.ts";
import { IconButton, type IconName } from "../ui/Icon.tsx";
import { EmojiText } from "./EmojiText.tsx";
import type { Does } from "./keys.ts";
import { More } from "./More.tsx";
import { chosen, keyOf, opened } from "./pointing.ts";
import { hasReacted } from "./Reactions.tsx";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];
const MOST_OWN = 16; // of the server, beside them

interface ToolsProps {
  room: string;
  message: wire.Message;
  who: string;
  isPinned: boolean;
}

interface ToolProps {
  name: IconName;
  does: Does;
  label: string;
  onClick(): void;
  pressed?: boolean;
}

/** A button that a key presses, too. */
const Tool = ({ does, ...button }: ToolProps) => (
  <IconButton className={does} shortcut={{ shown: keysOf(does).join(" "), spoken: spoken(does) }} {...button} />
);

async function copyLink(room: string, seq: number): Promise<void> {
  const link = `${location.origin}${addressOf(room, seq)}`;
  say((await copyText(link)) ? t.linkCopied : t.linkIs(link));
}

export function Tools({ room, message, who, isPinned }: ToolsProps) {
  const root = useRef<HTMLDivElement>(null);
  const key = keyOf(room, message.seq);
  const open = useComputed(() => (opened.value?.key === key ? opened.value.what : undefined)).value;
  const close = () => {
    opened.value = undefined;
  };
  const back = () => {
    if (isFree(root.current)) root.current?.closest<HTMLElement>("[data-seq]")?.focus({ preventScroll: true });
    close();
  };
  const done = () => {
    back();
    chosen.value = "";
  };
  useLayoutEffect(() => {
    if (open) root.current?.querySelector("button")?.focus();
  }, [open]);
  return (
    <div
      ref={root}
      class={open ? `tools open open-${open}` : "tools"}
      role="toolbar"
      aria-label={t.message}
      onKeyDown={(pressed) => pressed.key === "Escape" && open && back()}
      // Without a target the window was left, or a button pressed that takes no focus (Safari's).
      onFocusOut={({ relatedTarget }) => open && relatedTarget && !root.current?.contains(relatedTarget as Node) && close()}
    >
      {open === "emoji" && <Emojis room={room} message={message} who={who} done={done} />}
      {open === "more" && (
        <div class="acts-on">
          <More room={room} message={message} who={who} done={done} />
        </div>
      )}
      {open === "delete" && <Confirmation room={room} seq={message.seq} done={done} />}
      {!open && <Closed room={room} message={message} who={who} isPinned={isPinned} />}
    </div>
  );
}

function Closed({ room, message, who, isPinned }: ToolsProps) {
  const open = (what: "emoji" | "delete" | "more") => () => {
    opened.value = { key: keyOf(room, message.seq), what };
  };
  return (
    <>
      <Tool name="smile" does="react" label={t.react} onClick={open("emoji")} />
      <Tool name="reply" does="reply" label={t.reply} onClick={() => reply(room, message)} />
      <OfMadeRoom room={room} seq={message.seq} isPinned={isPinned} />
      <Tool name="link" does="link" label={t.copyLink} onClick={() => copyLink(room, message.seq)} />
      {whoOf(message) === who && <Own room={room} message={message} onDelete={open("delete")} />}
      {accountOf() && isMade(room) && <Tool name="more" does="more" label={t.more} onClick={open("more")} />}
    </>
  );
}

/** What can be done in made rooms alone: threads, by accounts, and pins, by members. */
function OfMadeRoom({ room, seq, isPinned }: { room: string; seq: number; isPinned: boolean }) {
  const account = accountOf();
  if (!account || !isMade(room)) return null;
  const role = account.row(room)?.role;
  return (
    <>
      {!isThread(room) && <Tool name="thread" does="thread" label={t.replyInThread} onClick={() => openThread(seq)} />}
      {role && role !== "guest" && (
        <Tool name="pin" does="pin" label={isPinned ? t.unpin : t.pin} onClick={() => pin(room, seq, !isPinned)} pressed={isPinned} />
      )}
    </>
  );
}

const Own = ({ room, message, onDelete }: { room: string; message: wire.Message; onDelete(): void }) => (
  <>
    {message.text !== undefined && (
      <Tool
        name="pen"
        does="edit"
        label={t.edit}
        onClick={() => {
          editing.value = { room, seq: message.seq };
        }}
      />
    )}
    <Tool name="trash" does="delete" label={t.delete} onClick={onDelete} />
  </>
);

function Emojis({ room, message, who, done }: Omit<ToolsProps, "isPinned"> & { done(): void }) {
  const own = emojiNames()
    .slice(0, MOST_OWN)
    .map((name) => `:${name}:`);
  const other = () => {
    done(); // the focus is on the message, where one is again afterwards
    emojiPicker(t.react, (emoji) => react(room, message.seq, emoji, true));
  };
  return (
    <>
      {[...EMOJI, ...own].map((emoji) => {
        const isMine = hasReacted(message, emoji, who);
        const choose = () => {
          react(room, message.seq, emoji, !isMine);
          done();
        };
        return (
          <button key={emoji} type="button" class="emoji-button" aria-label={t.reactWith(emoji)} aria-pressed={isMine} onClick={choose}>
            <EmojiText text={emoji} />
          </button>
        );
      })}
      <IconButton name="plus" label={t.otherEmoji} onClick={other} />
    </>
  );
}

const Confirmation = ({ room, seq, done }: { room: string; seq: number; done(): void }) => (
  <>
    <button
      type="button"
      class="danger"
      onClick={() => {
        remove(room, seq);
        done();
      }}
    >
      {t.reallyDelete}
    </button>
    <button type="button" onClick={done}>
      {t.keep}
    </button>
  </>
);
