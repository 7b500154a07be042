// Writing: the field at the bottom, and what one replies to.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { emojiPicker } from "../emoji/open.tsx";
import { t } from "../i18n/index.ts";
import { is } from "../keys/table.ts";
import type { Attachment } from "../store/attachments.ts";
import { draftIn } from "../store/drafts.ts";
import { nameOf } from "../store/names.ts";
import { attachedIn, editLast, send, titleIn, write } from "../store/sending.ts";
import { tellDrafts } from "../store/sharing.ts";
import { placeOf, replyTo, session } from "../store/state.ts";
import { paneOf } from "../store/window.ts";
import { covers } from "../ui/Dialog.tsx";
import { isComposing } from "../ui/Grow.tsx";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { Why } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Attachments } from "./Attachments.tsx";
import { isCommand, obey, unescaped } from "./commands.ts";
import { Field, type Key } from "./Field.tsx";
import { composers, isTouch } from "./focus.ts";
import { pasted } from "./given.ts";
import { forgetWhy, take, takesFiles, whyNotTaken } from "./taking.ts";
import { completed } from "./word.ts";

const dontReply = () => {
  replyTo.value = undefined;
};

const Replying = ({ by }: { by: string }) => (
  <div class="replying">
    <Icon name="reply" />
    <span>{t.replyingTo(harmless(nameOf(by)))}</span>
    <IconButton name="close" label={t.dontReply} onClick={dontReply} />
  </div>
);

/** What a message in a forum is about: whoever presses Enter goes on to what it says. */
function Title({ room, next }: { room: string; next(): void }) {
  const title = titleIn(room);
  return (
    <input
      class="title"
      aria-label={t.title}
      placeholder={t.title}
      dir="auto"
      maxLength={80}
      value={title.value}
      onInput={({ currentTarget }) => {
        title.value = currentTarget.value;
      }}
      onKeyDown={(key) => {
        if (key.key !== "Enter" || isComposing(key)) return;
        key.preventDefault();
        next();
      }}
    />
  );
}

/** Sends what was written, or does what it says if it is a command; and why that could not be done. */
function useSending(room: string): { why: string; clear(): void; submit(): Promise<void> } {
  const [why, setWhy] = useState("");
  const isBusy = useRef(false);
  const submit = async () => {
    const draft = draftIn(room);
    const said = draft.peek().trim();
    const files = attachedIn(room);
    if (!isCommand(said)) {
      const wrong = said || files.length ? unready(room, files) : "";
      return wrong ? setWhy(wrong) : send(room, unescaped(said));
    }
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      await obey(said, room);
      if (draft.peek().trim() === said) write(room, "");
      dontReply();
    } catch (error) {
      setWhy((error as Error).message);
    }
    isBusy.current = false;
  };
  return { why, clear: () => why && setWhy(""), submit };
}

/** What is to be done before a message can be sent. */
function unready(room: string, files: readonly Attachment[]): string {
  if (isUntitled(room)) return t.titleFirst;
  return files.some(({ state }) => state === "failed") ? t.filesFirst : "";
}

const isUntitled = (room: string): boolean => placeOf(room)?.isForum.peek() === true && !titleIn(room).peek().trim();

/** Chooses files from this device. */
function Picker({ room }: { room: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          take(room, [...(currentTarget.files ?? [])]);
          currentTarget.value = ""; // the same file can be chosen again
        }}
      />
      <IconButton name="clip" label={t.attachFiles} onClick={() => input.current?.click()} />
    </>
  );
}

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
  const focusedFor = useRef("");
  const isCovered = covers.value > 0;
  // Before a room is open, and the drafts that this device keeps, what is written would belong to none, and be lost.
  const isOpen = room !== "" && session.value !== undefined;
  const { why, clear, submit } = useSending(room);
  const replied = replyTo.value?.room === room ? replyTo.value.message : undefined;
  useLayoutEffect(() => {
    composers.set(room, field);
    return () => {
      composers.delete(room);
      tellDrafts();
    };
  }, [room]);
  useLayoutEffect(() => {
    if (!isOpen) focusedFor.current = "";
    if (!isOpen || isTouch || isCovered || focusedFor.current === room) return;
    focusedFor.current = room;
    const isLed = paneOf(room)?.linked.peek() !== undefined; // to a message, which has the focus
    if (!isLed) field.current?.focus();
  }, [room, isCovered, isOpen]);
  useLayoutEffect(() => {
    if (replied) field.current?.focus();
  }, [replied]);
  const files = attachedIn(room);
  const text = (written: string) => {
    clear();
    forgetWhy(room);
    write(room, written);
  };
  const press = (key: Key) => {
    if (isComposing(key)) return;
    if (is("send", key) && !isTouch) submit();
    else if (is("close", key) && replied) dontReply();
    else if (!is("editLast", key) || draftIn(room).peek() || !editLast(room)) return;
    key.preventDefault();
  };
  const insert = (emoji: string) => {
    const { selectionStart: from = 0, selectionEnd: to = 0, value = "" } = field.current ?? {};
    const done = completed(value, { kind: "emoji", typed: "", from, to }, emoji);
    text(done.text);
    queueMicrotask(() => {
      field.current?.focus();
      field.current?.setSelectionRange(done.at, done.at);
    });
  };
  return (
    <form
      id={id}
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
        field.current?.focus();
      }}
      onPaste={(event) => {
        const found = takesFiles(room) ? pasted(event.clipboardData) : [];
        if (!found.length) return;
        event.preventDefault();
        take(room, found);
      }}
    >
      <fieldset disabled={!isOpen}>
        {replied && <Replying by={replied.by} />}
        {placeOf(room)?.isForum.value && <Title room={room} next={() => field.current?.focus()} />}
        {files.length > 0 && <Attachments of={files} room={room} />}
        <Why text={why || whyNotTaken(room)} />
        <Field
          field={field}
          room={room}
          label={label}
          placeholder={placeholder}
          value={draftIn(room).value}
          hasCommands
          onText={text}
          onKey={press}
        />
        <div class="inserts">
          {takesFiles(room) && <Picker room={room} />}
          <IconButton name="smile" label={t.insertEmoji} onClick={() => emojiPicker(t.insertEmoji, insert)} />
        </div>
        <button type="submit" class="primary send" aria-label={sends}>
          <Icon name="up" />
        </button>
      </fieldset>
    </form>
  );
}
