// Where one writes in an embedded room, or in a thread there, and attaches files.

import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { pasted } from "../composer/given.ts";
import { t } from "../i18n/index.ts";
import type { Log } from "../store/embedded.ts";
import type { EmbeddedFiles } from "../store/embedded_files.ts";
import { Grow, isComposing } from "../ui/Grow.tsx";

const TYPING_EVERY = 3000; // milliseconds
const PLUS = "+";

interface WritingProps {
  log: Log;
  label: string;
  placeholder: string;
  sends: string;
  /** Whether one is to write at once. */
  isFirst?: boolean;
}

/** The files that are attached, and what shows them: both are loaded with the first one. */
interface Holding {
  files: EmbeddedFiles;
  Attaching: typeof import("./Attaching.tsx").Attaching;
}

function useFiles(log: Log) {
  const [holding, setHolding] = useState<Holding>();
  const [why, setWhy] = useState("");
  const take = async (given: readonly File[]) => {
    setWhy("");
    if (!given.length) return;
    try {
      const { Attaching, EmbeddedFiles } = await import("./Attaching.tsx");
      const { files } = holding ?? { files: new EmbeddedFiles(log.client) };
      setHolding({ files, Attaching });
      files.take(given);
    } catch {
      setWhy(t.noServer);
    }
  };
  return { holding, why, setWhy, take };
}

export function Writing({ log, label, placeholder, sends, isFirst }: WritingProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [isWaiting, setWaiting] = useState(false);
  const { holding, why, setWhy, take } = useFiles(log);
  const toldAt = useRef(0);
  const files = holding?.files.all.value ?? [];
  const missing = files.filter(({ state }) => state !== "whole").length;
  const hasFailed = files.some(({ state }) => state === "failed");
  const takesFiles = log.version.value >= 0 && log.takesFiles;
  useLayoutEffect(() => {
    if (isFirst) field.current?.focus();
  }, []);
  const send = () => {
    if (!text.trim() && !files.length) return setWaiting(false);
    setWhy(hasFailed ? t.filesFirst : "");
    setWaiting(missing > 0 && !hasFailed);
    if (missing) return;
    log.send(
      text.trim(),
      files.map(({ key }) => key as string),
    );
    setText("");
    holding?.files.clear();
  };
  useLayoutEffect(() => {
    if (isWaiting && (!missing || hasFailed)) send();
  }, [isWaiting, missing, hasFailed]);
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
      {holding && <holding.Attaching of={holding.files} />}
      <Grow
        field={field}
        label={label}
        placeholder={placeholder}
        value={text}
        onText={write}
        onKeyDown={press}
        more={{ readOnly: isWaiting }}
      />
      {takesFiles && (
        <button type="button" aria-label={t.attachFiles} onClick={() => pick(take)}>
          {PLUS}
        </button>
      )}
      <button type="submit" class="primary" disabled={isWaiting}>
        {sends}
      </button>
      <p class={why ? "status why" : "status"} role="status">
        {why || (isWaiting && t.sendingFiles(missing))}
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
