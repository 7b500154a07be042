// The files that are to be sent: what each is, how far it is, and what one can do about it.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import type { Attachment } from "../store/attachments.ts";
import { Drawn } from "../ui/Drawn.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

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

interface AttachedProps {
  of: readonly Attachment[];
  contentOf(id: string): Blob | undefined;
  /** What stands for files that are no pictures. */
  icon?: ComponentChildren;
  /** Where one says what a picture shows. */
  describe?(file: Attachment): ComponentChildren;
  /** What one can do about a file. */
  acts(file: Attachment): ComponentChildren;
}

export const Attached = ({ of: files, contentOf, icon, describe, acts }: AttachedProps) => (
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
          {SHOWN.test(file.type) && describe?.(file)}
        </span>
        {acts(file)}
      </li>
    ))}
  </ul>
);
