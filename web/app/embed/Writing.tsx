// Where one writes in an embedded room, or in a thread there.

import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Log } from "../store/embedded.ts";
import { isComposing } from "../ui/Grow.tsx";

const TYPING_EVERY = 3000; // milliseconds

interface WritingProps {
  log: Log;
  label: string;
  placeholder: string;
  sends: string;
  /** Whether one is to write at once. */
  isFirst?: boolean;
}

export function Writing({ log, label, placeholder, sends, isFirst }: WritingProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const toldAt = useRef(0);
  useLayoutEffect(() => {
    if (isFirst) field.current?.focus();
  }, []);
  const send = () => {
    if (!text.trim()) return;
    log.send(text.trim());
    setText("");
  };
  const write = (written: string) => {
    setText(written);
    if (!written || Date.now() - toldAt.current < TYPING_EVERY) return;
    toldAt.current = Date.now();
    log.typing();
  };
  const press = (key: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (key.key !== "Enter" || key.shiftKey || isComposing(key)) return;
    key.preventDefault();
    send();
  };
  return (
    <form
      class="writing"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={2}
        dir="auto"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        onInput={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={press}
      />
      <button type="submit" class="primary">
        {sends}
      </button>
    </form>
  );
}
