// The files of this browser that are to be sent, and what one can do about them.

import { type Attachment, changeAttachment, contentOf, detach } from "../store/attachments.ts";
import { forgetUpload } from "../store/files.ts";
import { Icon, IconButton } from "../ui/Icon.tsx";
import { type Actions, Attached } from "./Attached.tsx";
import { focusComposer } from "./focus.ts";

function remove({ id, key, state }: Attachment): void {
  detach(id);
  if (state === "whole" || state === "failed") forgetUpload(key); // one under way is ended by whoever sends it
}

interface AttachmentsProps {
  of: readonly Attachment[];
  /** The room in which the message is being written; none once it is on its way. */
  room?: string;
}

export function Attachments({ of: files, room }: AttachmentsProps) {
  const actions: Actions | undefined =
    room === undefined ? undefined : { change: changeAttachment, remove, next: () => focusComposer(room), Button: IconButton };
  return <Attached of={files} contentOf={contentOf} icon={<Icon name="file" />} actions={actions} />;
}
