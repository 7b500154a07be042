// The files that are to be sent: what each is, how far it is, and what one can do about it.

import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { type Attachment, changeAttachment, contentOf, detach } from "../store/attachments.ts";
import { forgetUpload } from "../store/files.ts";
import { Drawn } from "../ui/Drawn.tsx";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { AltText } from "./AltText.tsx";
import { focusComposer } from "./focus.ts";

const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/;
const SIDE = 40; // CSS pixels of a preview

function statusOf({ state, sent, size, why }: Attachment): string {
  if (state === "failed") return t.fileNotSent(why ?? "");
  if (state === "paused") return `${t.paused} · ${t.fileProgress(sent, size)}`;
  if (state === "waiting") return t.waitingForTurn;
  if (why) return why;
  return state === "whole" ? `${t.bytes(size)} · ${t.uploaded}` : t.fileProgress(sent, size);
}

/** A small picture of what it is. */
function Preview({ of: { id, type } }: { of: Attachment }) {
  const [isBroken, setBroken] = useState(false);
  const content = SHOWN.test(type) && !isBroken ? contentOf(id) : undefined;
  if (!content) return <Icon name="file" />;
  return <Drawn of={content} label="" width={SIDE} height={SIDE} onError={() => setBroken(true)} />;
}

function Acts({ of: { id, key, name, state } }: { of: Attachment }) {
  const shown = harmless(name);
  const go = () => changeAttachment(id, { state: "waiting", why: undefined });
  const remove = () => {
    detach(id);
    if (state === "whole" || state === "failed") forgetUpload(key); // one under way is ended by whoever sends it
  };
  return (
    <>
      {state === "sending" && (
        <IconButton name="pause" label={t.pauseUpload(shown)} onClick={() => changeAttachment(id, { state: "paused" })} />
      )}
      {state === "paused" && <IconButton name="play" label={t.resumeUpload(shown)} onClick={go} />}
      {state === "failed" && <IconButton name="again" label={t.retryUpload(shown)} onClick={go} />}
      <IconButton name="close" label={t.removeFile(shown)} onClick={remove} />
    </>
  );
}

interface AttachedProps {
  of: readonly Attachment[];
  /** Whether the message is on its way, so that its files belong to it. */
  isSent?: boolean;
}

export const Attached = ({ of: files, isSent }: AttachedProps) => (
  <ul class="attached" aria-label={t.attached}>
    {files.map((file) => (
      <li key={file.id} class={file.state}>
        <Preview of={file} />
        <span class="what">
          <Name text={file.name} />
          <small role={file.state === "failed" ? "alert" : undefined}>{statusOf(file)}</small>
          {file.state !== "whole" && (
            <progress aria-label={t.uploadOf(harmless(file.name))} max={Math.max(1, file.size)} value={file.sent} />
          )}
          {!file.isKept && file.state !== "whole" && <small>{t.notKeptYet}</small>}
          {!isSent && SHOWN.test(file.type) && (
            <AltText
              name={file.name}
              value={file.alt ?? ""}
              onText={(alt) => changeAttachment(file.id, { alt })}
              onEnter={() => focusComposer(file.room)}
            />
          )}
        </span>
        {!isSent && <Acts of={file} />}
      </li>
    ))}
  </ul>
);
