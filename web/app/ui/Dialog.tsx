// A window over the page. It is gone once it is closed.

import { signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { IconButton } from "./Icon.tsx";

const shown = signal<VNode | undefined>(undefined);

export const openDialog = (content: VNode): void => {
  shown.value = content;
};

export const closeDialog = (): void => {
  shown.value = undefined;
};

/** Where the window is. */
export const Dialogs = () => <>{shown.value}</>;

/** What an open window holds. To focus something else than its first button, give that `autofocus`. */
export function Dialog({ title, children }: { title: string; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => ref.current?.showModal(), []);
  return (
    <dialog
      ref={ref}
      aria-labelledby="dialog-title"
      onClose={closeDialog}
      onPointerDown={(event) => event.target === event.currentTarget && closeDialog()}
    >
      <header>
        <h2 id="dialog-title">{title}</h2>
        <IconButton name="close" label={t.close} onClick={closeDialog} />
      </header>
      {children}
    </dialog>
  );
}
