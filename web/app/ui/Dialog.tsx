// A window over the page. It is gone once it is closed.

import { signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import { useFocusBack } from "./focus.ts";
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

/** How many windows cover the page. What is under them can't have the focus. */
export const covers = signal(0);

interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** How it is closed, if it was not opened by `openDialog`. */
  onClose?(): void;
  className?: string;
}

/** What an open window holds. To focus something else than its first button, give that `autofocus`. */
export function Dialog({ title, children, onClose = closeDialog, className }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useFocusBack(ref, (dialog) => (dialog as HTMLDialogElement).showModal());
  useLayoutEffect(() => {
    covers.value += 1;
    return () => {
      covers.value -= 1;
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={className}
      aria-labelledby="dialog-title"
      onClose={onClose}
      onPointerDown={(event) => event.target === event.currentTarget && onClose()}
    >
      <header>
        <h2 id="dialog-title">
          <bdi>{title}</bdi>
        </h2>
        <IconButton name="close" label={t.close} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}
