// What one may do with a message. Some of it puts a choice in the tools' place until it is made, or one goes elsewhere.

import { useComputed } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { addressOf, isMade } from "../store/address.ts";
import { emojiNames } from "../store/emoji.ts";
import { isThread, openThread } from "../store/panel.ts";
import { say } from "../store/screen.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { pin, react, remove, reply } from "../store/sending.ts";
import { accountOf, editing } from "../store/state.ts";
import { copyText } from "../ui/copy.ts";
import { IconButton } from "../ui/Icon.tsx";
import { EmojiText } from "./EmojiText.tsx";
import { active } from "./keys.ts";
import { hasReacted } from "./Reactions.tsx";
import { chosen, keyOf } from "./touch.ts";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];
const MOST_OWN = 16; // of the server, beside them

interface ToolsProps {
  room: string;
  message: wire.Message;
  who: string;
  isPinned: boolean;
}

async function copyLink(room: string, seq: number): Promise<void> {
  const link = `${location.origin}${addressOf(room, seq)}`;
  say((await copyText(link)) ? t.linkCopied : t.linkIs(link));
}

export function Tools({ room, message, who, isPinned }: ToolsProps) {
  const [open, setOpen] = useState<"" | "emoji" | "delete">("");
  const root = useRef<HTMLDivElement>(null);
  const tabIndex = useComputed(() => (active.value === keyOf(room, message.seq) ? 0 : -1)).value;
  const reset = () => {
    setOpen("");
    chosen.value = "";
  };
  useLayoutEffect(() => {
    if (!open) return undefined;
    root.current?.querySelector("button")?.focus();
    const away = ({ target }: Event) => !root.current?.contains(target as Node) && setOpen("");
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  return (
    <div
      ref={root}
      class={open ? "tools open" : "tools"}
      role="toolbar"
      aria-label={t.message}
      onKeyDown={({ key }) => key === "Escape" && setOpen("")}
      // Without a target the window was left, or a button pressed that takes no focus (Safari's).
      onFocusOut={({ relatedTarget }) => open && relatedTarget && !root.current?.contains(relatedTarget as Node) && setOpen("")}
    >
      {open === "emoji" && <Emojis room={room} message={message} who={who} done={reset} />}
      {open === "delete" && <Confirmation room={room} seq={message.seq} done={reset} />}
      {!open && (
        <>
          <IconButton name="smile" className="react" tabIndex={tabIndex} label={t.react} onClick={() => setOpen("emoji")} />
          <IconButton name="reply" className="reply" tabIndex={tabIndex} label={t.reply} onClick={() => reply(room, message)} />
          <OfMadeRoom tabIndex={tabIndex} room={room} seq={message.seq} isPinned={isPinned} />
          <IconButton name="link" className="link" tabIndex={tabIndex} label={t.copyLink} onClick={() => copyLink(room, message.seq)} />
          {whoOf(message) === who && <Own tabIndex={tabIndex} room={room} message={message} onDelete={() => setOpen("delete")} />}
        </>
      )}
    </div>
  );
}

/** What can be done in made rooms alone: threads, by accounts, and pins, by members. */
function OfMadeRoom({ room, seq, isPinned, tabIndex }: { room: string; seq: number; isPinned: boolean; tabIndex: number }) {
  const account = accountOf();
  if (!account || !isMade(room)) return null;
  const role = account.row(room)?.role;
  return (
    <>
      {!isThread(room) && (
        <IconButton name="thread" className="thread" tabIndex={tabIndex} label={t.replyInThread} onClick={() => openThread(seq)} />
      )}
      {role && role !== "guest" && (
        <IconButton
          name="pin"
          className="pin"
          tabIndex={tabIndex}
          label={isPinned ? t.unpin : t.pin}
          onClick={() => pin(room, seq, !isPinned)}
          pressed={isPinned}
        />
      )}
    </>
  );
}

const Own = ({ room, message, onDelete, tabIndex }: { room: string; message: wire.Message; onDelete(): void; tabIndex: number }) => (
  <>
    {message.text !== undefined && (
      <IconButton
        name="pen"
        className="edit"
        tabIndex={tabIndex}
        label={t.edit}
        onClick={() => {
          editing.value = { room, seq: message.seq };
        }}
      />
    )}
    <IconButton name="trash" className="delete" tabIndex={tabIndex} label={t.delete} onClick={onDelete} />
  </>
);

function Emojis({ room, message, who, done }: Omit<ToolsProps, "isPinned"> & { done(): void }) {
  const own = emojiNames()
    .slice(0, MOST_OWN)
    .map((name) => `:${name}:`);
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
