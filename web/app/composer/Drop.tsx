// Where files may be dropped: all of the conversation, which says so while something is dragged over it.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { roomOf } from "../store/address.ts";
import { titleOf } from "../store/rooms.ts";
import { Icon } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { focusComposer } from "./focus.ts";
import { drop, hasFiles, takesFiles } from "./taking.ts";

interface DropProps {
  room: string;
  children: ComponentChildren;
}

export function Drop({ room, children }: DropProps) {
  const depth = useRef(0); // of elements that were entered and not left
  const [isOver, setOver] = useState(false);
  const moved = (by: number) => (event: DragEvent) => {
    if (!hasFiles(event)) return;
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  const dropped = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth.current = 0;
    setOver(false);
    drop(room, event);
    focusComposer(room);
  };
  if (!takesFiles(room)) return <div class="drop">{children}</div>;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: whoever has no mouse attaches files with the button
    <div
      class="drop"
      onDragEnter={moved(1)}
      onDragLeave={moved(-1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={dropped}
    >
      {children}
      {isOver && (
        <div class="drop-zone">
          <Icon name="clip" />
          <p>{t.dropHere(harmless(titleOf(roomOf(room))))}</p>
        </div>
      )}
    </div>
  );
}

/** Files that are dropped elsewhere take nobody away from the page. */
export function refuseDrops(): void {
  for (const event of ["dragover", "drop"] as const)
    document.addEventListener(event, (drag) => {
      if (!hasFiles(drag) || drag.defaultPrevented) return;
      drag.preventDefault();
      if (drag.dataTransfer) drag.dataTransfer.dropEffect = "none";
    });
}
