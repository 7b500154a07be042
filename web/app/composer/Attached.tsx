// The files that are to be sent: what each is, how far it is, and what one can do about it.

import type { ComponentChildren, ComponentType } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import type { Attachment } from "../store/attachments.ts";
import { Drawn } from "../ui/Drawn.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { AltText } from "./AltText.tsx";

const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/;
const SIDE = 40; // CSS pixels of a preview

function statusOf({ state, sent, size, why }: Attachment): string {
  if (state === "failed") return t.fileNotSent(why ?? "");
  if (state === "paused") return `${t.paused} · ${t.fileProgress(sent, size)}`;
  if (state === "waiting") return t.waitingForTurn;
  if (why) return why;
  return state === "whole" ? `${t.bytes(size)} · ${t.uploaded}` : t.fileProgress(sent, size);
}

interface PreviewProps {
  type: string;
  content: Blob | undefined;
  icon: ComponentChildren;
}

/** A small picture of what it is. */
function Preview({ type, content, icon }: PreviewProps) {
  const [isBroken, setBroken] = useState(false);
  if (!content || !SHOWN.test(type) || isBroken) return <>{icon}</>;
  return <Drawn of={content} label="" width={SIDE} height={SIDE} onError={() => setBroken(true)} />;
}

export interface ButtonProps {
  name: "pause" | "play" | "again" | "close";
  label: string;
  onClick(): void;
}

/** What one can do about a file until its message is sent. */
export interface Actions {
  change(id: string, changed: Partial<Attachment>): void;
  remove(file: Attachment): void;
  /** Go on to what the message says. */
  next(): void;
  Button: ComponentType<ButtonProps>;
}

function Buttons({ of: file, actions: { change, remove, Button } }: { of: Attachment; actions: Actions }) {
  const { id, state } = file;
  const shown = harmless(file.name);
  const go = () => change(id, { state: "waiting", why: undefined });
  return (
    <>
      {state === "sending" && <Button name="pause" label={t.pauseUpload(shown)} onClick={() => change(id, { state: "paused" })} />}
      {state === "paused" && <Button name="play" label={t.resumeUpload(shown)} onClick={go} />}
      {state === "failed" && <Button name="again" label={t.retryUpload(shown)} onClick={go} />}
      <Button name="close" label={t.removeFile(shown)} onClick={() => remove(file)} />
    </>
  );
}

interface AttachedProps {
  of: readonly Attachment[];
  contentOf(id: string): Blob | undefined;
  /** What stands for files that are no pictures. */
  icon?: ComponentChildren;
  /** None, once the message is on its way. */
  actions?: Actions | undefined;
}

export const Attached = ({ of: files, contentOf, icon, actions }: AttachedProps) => (
  <ul class="attached" aria-label={t.attached}>
    {files.map((file) => (
      <li key={file.id} class={file.state}>
        <Preview type={file.type} content={contentOf(file.id)} icon={icon} />
        <span class="what">
          <Name text={file.name} />
          <small role={file.state === "failed" ? "alert" : undefined}>{statusOf(file)}</small>
          {file.state !== "whole" && (
            <progress aria-label={t.uploadOf(harmless(file.name))} max={Math.max(1, file.size)} value={file.sent} />
          )}
          {!file.isKept && file.state !== "whole" && <small>{t.notKeptYet}</small>}
        </span>
        {actions && <Buttons of={file} actions={actions} />}
        {actions && SHOWN.test(file.type) && (
          <AltText name={file.name} value={file.alt ?? ""} onText={(alt) => actions.change(file.id, { alt })} onEnter={actions.next} />
        )}
      </li>
    ))}
  </ul>
);
