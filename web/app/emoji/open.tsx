// The emoji picker in a window. It is loaded when it is first wanted.

import type { FunctionComponent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Empty, Why } from "../ui/Text.tsx";

export interface PickerProps {
  choose(emoji: string): void;
}

/** Let somebody choose an emoji. `choose` is called once the window is gone, and the rest of the page can have the focus again. */
export const emojiPicker = (title: string, choose: (emoji: string) => void): void => openDialog(<Window title={title} choose={choose} />);

function Window({ title, choose }: PickerProps & { title: string }) {
  const [Picker, setPicker] = useState<FunctionComponent<PickerProps>>();
  const [why, setWhy] = useState("");
  const chosen = useRef<string | undefined>(undefined);
  useLayoutEffect(
    () => () => {
      const emoji = chosen.current;
      if (emoji !== undefined) queueMicrotask(() => choose(emoji));
    },
    [],
  );
  useLayoutEffect(() => {
    import("./Picker.tsx").then(
      (module) => setPicker(() => module.Picker),
      () => setWhy(t.noServer),
    );
  }, []);
  return (
    <Dialog title={title}>
      {!Picker && !why && <Empty text={t.loading} />}
      <Why text={why} />
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
