// Writing: the field at the bottom, and what one replies to.

import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { draftIn } from "../store/drafts.ts";
import { nameOf } from "../store/names.ts";
import { editLast, send, write } from "../store/sending.ts";
import { replyTo } from "../store/state.ts";
import { Grow, isComposing } from "../ui/Grow.tsx";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { composers, isTouch } from "./focus.ts";

type Key = TargetedKeyboardEvent<HTMLTextAreaElement>;

const dontReply = () => {
  replyTo.value = undefined;
};

function press(room: string, key: Key): void {
  if (isComposing(key)) return;
  if (key.key === "Enter" && !key.shiftKey && !isTouch) {
    key.preventDefault();
    send(room);
  } else if (key.key === "ArrowUp" && !draftIn(room).peek()) {
    if (editLast(room)) key.preventDefault();
  } else if (key.key === "Escape") dontReply();
}

const Replying = ({ by }: { by: string }) => (
  <div class="replying">
    <Icon name="reply" />
    <span>{t.replyingTo(harmless(nameOf(by)))}</span>
    <IconButton name="close" label={t.dontReply} onClick={dontReply} />
  </div>
);

interface ComposerProps {
  room: string;
  /** What tells it from another one on the page. */
  id: string;
  label: string;
  placeholder: string;
  /** What the button is called. */
  sends: string;
}

export function Composer({ room, id, label, placeholder, sends }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const replied = replyTo.value?.room === room ? replyTo.value.message : undefined;
  useLayoutEffect(() => {
    composers.set(room, field);
    if (!isTouch) field.current?.focus();
    return () => {
      composers.delete(room);
    };
  }, [room]);
  useLayoutEffect(() => {
    if (replied) field.current?.focus();
  }, [replied]);
  return (
    <form
      id={id}
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send(room);
        field.current?.focus();
      }}
    >
      {replied && <Replying by={replied.by} />}
      <Grow
        field={field}
        label={label}
        placeholder={placeholder}
        value={draftIn(room).value}
        onText={(text) => write(room, text)}
        onKeyDown={(key) => press(room, key)}
      />
      <button type="submit" class="primary send" aria-label={sends}>
        <Icon name="up" />
      </button>
    </form>
  );
}
