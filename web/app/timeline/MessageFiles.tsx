// The files of a message, for whoever looks at the page.

import { getterOf, picturesIn } from "../store/files.ts";
import type { wire } from "../store/sdk.ts";
import { isConnected } from "../store/state.ts";
import { Files } from "./Files.tsx";

interface MessageFilesProps {
  of: wire.Message;
  /** The room among whose pictures one is shown. */
  room?: string;
}

export function MessageFiles({ of: { files, deleted }, room }: MessageFilesProps) {
  if (!files || deleted) return null;
  return <Files of={files} get={getterOf()} isConnected={isConnected.value} {...(room && { among: () => picturesIn(room) })} />;
}
