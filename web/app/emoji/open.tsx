// The emoji picker in a window. It is loaded when it is first wanted.

import { useLayoutEffect, useRef } from "preact/hooks";
import { loaded, useAsked } from "../ui/Asked.tsx";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";

export interface PickerProps {
  choose(emoji: string): void;
}

/** Let somebody choose an emoji. `choose` is called once the window is gone, and the rest of the page can have the focus again. */
export const emojiPicker = (title: string, choose: (emoji: string) => void): void => openDialog(<Window title={title} choose={choose} />);

function Window({ title, choose }: PickerProps & { title: string }) {
  const { found: Picker, state } = useAsked(() => loaded(import("./Picker.tsx").then(({ Picker }) => Picker)));
  const chosen = useRef<string | undefined>(undefined);
  useLayoutEffect(
    () => () => {
      const emoji = chosen.current;
      if (emoji !== undefined) queueMicrotask(() => choose(emoji));
    },
    [],
  );
  return (
    <Dialog title={title}>
      {state}
      {Picker && (
        <Picker
          choose={(emoji) => {
            chosen.current = emoji;
            closeDialog();
          }}
        />
      )}
    </Dialog>
  );
}
