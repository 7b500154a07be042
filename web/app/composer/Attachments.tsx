// The files of this browser that are to be sent, and what one can do about them.

import { t } from "../i18n/index.ts";
import { type Attachment, changeAttachment, contentOf, detach } from "../store/attachments.ts";
import { forgetUpload } from "../store/files.ts";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { AltText } from "./AltText.tsx";
import { Attached } from "./Attached.tsx";
import { focusComposer } from "./focus.ts";

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

const Described = ({ of: { id, name, room, alt } }: { of: Attachment }) => (
  <AltText name={name} value={alt ?? ""} onText={(said) => changeAttachment(id, { alt: said })} onEnter={() => focusComposer(room)} />
);

interface AttachmentsProps {
  of: readonly Attachment[];
  /** Whether the message is on its way, so that its files belong to it. */
  isSent?: boolean;
}

export const Attachments = ({ of: files, isSent }: AttachmentsProps) => (
  <Attached
    of={files}
    contentOf={contentOf}
    icon={<Icon name="file" />}
    describe={(file) => !isSent && <Described of={file} />}
    acts={(file) => !isSent && <Acts of={file} />}
  />
);
