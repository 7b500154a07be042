// What one may do with a message. Some of it puts a choice in the tools' place until it is made, or one goes elsewhere.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { addressOf } from "../store/address.ts";
import { emojiNames } from "../store/emoji.ts";
import { say } from "../store/screen.ts";
import { whoOf, type wire } from "../store/sdk.ts";
import { react, remove, reply } from "../store/sending.ts";
import { current, editing } from "../store/state.ts";
import { copyText } from "../ui/copy.ts";
import { IconButton } from "../ui/Icon.tsx";
import { EmojiText } from "./EmojiText.tsx";
import { hasReacted } from "./Reactions.tsx";
import { chosen } from "./touch.ts";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"];
const MOST_OWN = 16; // of the server, beside them

interface ToolsProps {
  message: wire.Message;
  who: string;
}

async function copyLink(seq: number): Promise<void> {
  const link = `${location.origin}${addressOf(current.peek(), seq)}`;
  say((await copyText(link)) ? t.linkCopied : t.linkIs(link));
}

export function Tools({ message, who }: ToolsProps) {
  const [open, setOpen] = useState<"" | "emoji" | "delete">("");
  const root = useRef<HTMLDivElement>(null);
  const reset = () => {
    setOpen("");
    chosen.value = undefined;
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
      {open === "emoji" && <Emojis message={message} who={who} done={reset} />}
      {open === "delete" && <Confirmation seq={message.seq} done={reset} />}
      {!open && (
        <>
          <IconButton name="smile" label={t.react} onClick={() => setOpen("emoji")} />
          <IconButton name="reply" label={t.reply} onClick={() => reply(message)} />
          <IconButton name="link" label={t.copyLink} onClick={() => copyLink(message.seq)} />
          {whoOf(message) === who && <Own message={message} onDelete={() => setOpen("delete")} />}
        </>
      )}
    </div>
  );
}

const Own = ({ message, onDelete }: { message: wire.Message; onDelete(): void }) => (
  <>
    {message.text !== undefined && (
      <IconButton
        name="pen"
        label={t.edit}
        onClick={() => {
          editing.value = message.seq;
        }}
      />
    )}
    <IconButton name="trash" label={t.delete} onClick={onDelete} />
  </>
);

function Emojis({ message, who, done }: ToolsProps & { done(): void }) {
  const own = emojiNames()
    .slice(0, MOST_OWN)
    .map((name) => `:${name}:`);
  return (
    <>
      {[...EMOJI, ...own].map((emoji) => {
        const isMine = hasReacted(message, emoji, who);
        const choose = () => {
          react(message.seq, emoji, !isMine);
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

const Confirmation = ({ seq, done }: { seq: number; done(): void }) => (
  <>
    <button
      type="button"
      class="danger"
      onClick={() => {
        remove(seq);
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
