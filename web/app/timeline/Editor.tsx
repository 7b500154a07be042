// Writing a message's text anew, in its place.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { NamedAltText } from "../composer/AltText.tsx";
import { Field, type Key } from "../composer/Field.tsx";
import { focusComposer } from "../composer/focus.ts";
import { t } from "../i18n/index.ts";
import { isPicture } from "../store/file.ts";
import type { wire } from "../store/sdk.ts";
import { edit } from "../store/sending.ts";
import { editing } from "../store/state.ts";
import { isFree } from "../ui/focus.ts";
import { isComposing } from "../ui/Grow.tsx";

export function Editor({ room, message }: { room: string; message: wire.Message }) {
  const [text, setText] = useState(message.text ?? "");
  const [alts, setAlts] = useState<Record<string, string>>({});
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
    field.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const done = () => {
    if (isFree(field.current?.closest(".editor"))) focusComposer(room);
    editing.value = undefined;
  };
  const save = async () => {
    const changed = text.trim();
    // What could not be saved stays in the editor.
    const isNothing = !changed && !message.files; // a message with files needs no text
    const isSame = changed === (message.text ?? "") && !Object.keys(alts).length;
    if (isNothing || isSame || (await edit(room, message.seq, changed, alts))) done();
  };
  const press = (key: Key) => {
    if (key.key === "Enter" && !key.shiftKey && !isComposing(key)) save();
    else if (key.key === "Escape") done();
    else return;
    key.preventDefault();
    key.stopPropagation();
  };
  return (
    <div class="editor">
      <Field field={field} room={room} label={t.editMessage} value={text} onText={setText} onKey={press} />
      {message.files?.filter(isPicture).map(({ file, name, alt = "" }) => (
        <NamedAltText
          key={file}
          name={name}
          value={alts[file] ?? alt}
          onText={(text) => setAlts({ ...alts, [file]: text })}
          onEnter={save}
        />
      ))}
      <div class="editing">
        <button type="button" class="primary" onClick={save}>
          {t.save}
        </button>
        <button type="button" class="quiet" onClick={done}>
          {t.cancel}
        </button>
      </div>
    </div>
  );
}
