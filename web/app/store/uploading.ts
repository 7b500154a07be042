// Uploads the files of this browser that are to be posted, in the tab that sends.

import { attachments, changeAttachment, contentOf } from "./attachments.ts";
import { clientOf } from "./state.ts";
import { Uploader } from "./uploader.ts";

export const {
  upload,
  takeOver,
  leave: leaveUploads,
} = new Uploader({
  all: () => attachments.peek(),
  change: changeAttachment,
  contentOf,
  client: clientOf,
});
