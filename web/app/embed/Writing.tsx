// Where one writes in an embedded room, or in a thread there, and attaches files.

import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { pasted } from "../composer/given.ts";
import { spell } from "../composer/word.ts";
import { t } from "../i18n/embedded.ts";
import type { Embedded, Log } from "../store/embedded.ts";
import { Grow, isComposing } from "../ui/Grow.tsx";
import { attaching, loadAttaching } from "./attaching.ts";

const TYPING_EVERY = 3000; // milliseconds
const PLUS = "+";

interface WritingProps {
  of: Embedded;
  log: Log;
  label: string;
  placeholder: string;
  sends: string;
  /** Whether one is to write at once. */
  isFirst?: boolean;
}

export function Writing({ of: room, log, label, placeholder, sends, isFirst }: WritingProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [why, setWhy] = useState("");
  const toldAt = useRef(0);
  const held = room.files.value;
  const Attaching = attaching.value?.Attaching;
  const takesFiles = log.version.value >= 0 && log.takesFiles;
  useLayoutEffect(() => {
    if (isFirst) field.current?.focus();
  }, []);
  const take = async (given: readonly File[]) => {
    setWhy("");
    if (!given.length) return;
    try {
      const { EmbeddedFiles } = await loadAttaching();
      room.files.value ??= new EmbeddedFiles(log.client);
      room.files.value.take(log, given);
    } catch {
      setWhy(t.noServer);
    }
  };
  const send = () => {
    const files = held?.attachedIn(log) ?? [];
    const hasFailed = files.some(({ state }) => state === "failed");
    setWhy(hasFailed ? t.filesFirst : "");
    if (hasFailed || !(text.trim() || files.length)) return;
    if (files.length) held?.send(log, text.trim());
    else log.post(text.trim()).catch(() => {});
    setText("");
  };
  const named = async (name: string) =>
    (await room.emoji.has(name)) ? undefined : (await import("../emoji/data.ts")).EMOJI.find(({ names }) => names.includes(name))?.text;
  const write = (written: string) => {
    setText(written);
    if (field.current) spell(field.current, named, setText);
    if (!written || Date.now() - toldAt.current < TYPING_EVERY) return;
    toldAt.current = Date.now();
    log.typing();
  };
  const press = (key: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (key.key !== "Enter" || key.shiftKey || isComposing(key)) return;
    key.preventDefault();
    send();
  };
  const give = (event: Event, given: readonly File[]) => {
    if (!takesFiles || !given.length) return;
    event.preventDefault();
    take(given);
  };
  return (
    <form
      class="writing"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onPaste={(event) => give(event, pasted(event.clipboardData))}
      onDragOver={(event) => takesFiles && event.preventDefault()}
      onDrop={(event) => give(event, [...(event.dataTransfer?.files ?? [])])}
    >
      {held && Attaching && <Attaching of={held} log={log} next={() => field.current?.focus()} />}
      <Grow field={field} label={label} placeholder={placeholder} value={text} onText={write} onKeyDown={press} />
      {takesFiles && (
        <button type="button" aria-label={t.attachFiles} onClick={() => pick(take)}>
          {PLUS}
        </button>
      )}
      <button type="submit" class="primary">
        {sends}
      </button>
      <p class={why ? "status why" : "status"} role="status">
        {why}
      </p>
    </form>
  );
}

/** Have somebody choose files from this device. */
function pick(take: (files: readonly File[]) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.onchange = () => take([...(input.files ?? [])]);
  input.click();
}
