// The files of messages in an embedded room: of the one that is being written, and of those that wait.

import { useLayoutEffect, useRef } from "preact/hooks";
import { type Actions, Attached, type ButtonProps } from "../composer/Attached.tsx";
import styles from "../composer/attached.css?inline";
import type { Attachment } from "../store/attachments.ts";
import type { Log } from "../store/embedded.ts";
import type { EmbeddedFiles } from "../store/embedded_files.ts";
import { Why } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import icons from "./attaching.css?inline";

export { EmbeddedFiles } from "../store/embedded_files.ts";

/** The page's own icons, which pages of other sites may not load. */
const SHAPES = {
  pause: "M7.5 5v10M12.500 5v10",
  play: "m7 4.500 8 5.500-8 5.500z",
  again: "M15.500 10a5.500 5.500 0 1 1-1.700-4M15.500 3v3.500H12",
  close: "m5 5 10 10M15 5 5 15",
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles + icons);

/** Give the styles to the room's own element, once. */
function adopt(root: Node | undefined): void {
  if (root instanceof ShadowRoot && !root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.unshift(sheet);
}

const Button = ({ name, label, onClick }: ButtonProps) => (
  <button type="button" class="quiet" aria-label={label} title={label} onClick={onClick}>
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  </button>
);

interface AttachingProps {
  of: EmbeddedFiles;
  log: Log;
  /** Go on to what the message says. */
  next(): void;
}

export const Attaching = ({ of: held, log, next }: AttachingProps) => (
  <>
    <AttachedFiles of={held} files={held.attachedIn(log)} actions={{ change: held.change, remove: held.remove, next, Button }} />
    {held.why.value && <Why text={harmless(held.why.value)} />}
  </>
);

interface AttachedFilesProps {
  of: EmbeddedFiles;
  files: readonly Attachment[];
  actions?: Actions;
}

export function AttachedFiles({ of: held, files, actions }: AttachedFilesProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => adopt(ref.current?.getRootNode()), []);
  return (
    <div class="attaching" ref={ref}>
      {files.length > 0 && <Attached of={files} contentOf={held.contentOf} actions={actions} />}
    </div>
  );
}
