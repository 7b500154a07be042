// Writing: the field at the bottom, and what one replies to.

import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { draft } from "../store/drafts.ts";
import { nameOf } from "../store/names.ts";
import { titleOf } from "../store/rooms.ts";
import { editLast, send, write } from "../store/sending.ts";
import { current, replyTo } from "../store/state.ts";
import { Grow, isComposing } from "../ui/Grow.tsx";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { field, focusComposer, isTouch } from "./focus.ts";

type Key = TargetedKeyboardEvent<HTMLTextAreaElement>;

const dontReply = () => {
  replyTo.value = undefined;
};

function press(key: Key): void {
  if (isComposing(key)) return;
  if (key.key === "Enter" && !key.shiftKey && !isTouch) {
    key.preventDefault();
    send();
  } else if (key.key === "ArrowUp" && !draft.peek()) {
    if (editLast()) key.preventDefault();
  } else if (key.key === "Escape") dontReply();
}

export function Composer() {
  const room = current.value;
  const replied = replyTo.value;
  useLayoutEffect(() => {
    if (!isTouch) focusComposer();
  }, [room]);
  useLayoutEffect(() => {
    if (replied) focusComposer();
  }, [replied]);
  return (
    <form
      id="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
        focusComposer();
      }}
    >
      {replied && (
        <div id="replying">
          <Icon name="reply" />
          <span>{t.replyingTo(harmless(nameOf(replied.by)))}</span>
          <IconButton name="close" label={t.dontReply} onClick={dontReply} />
        </div>
      )}
      <label class="visually-hidden" for="text">
        {t.message}
      </label>
      <Grow
        field={field}
        id="text"
        placeholder={t.writeMessage(harmless(titleOf(room)))}
        value={draft.value}
        onText={write}
        onKeyDown={press}
      />
      <button id="send" type="submit" class="primary" aria-label={t.send}>
        <Icon name="up" />
      </button>
    </form>
  );
}
