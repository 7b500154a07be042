// A picture of mine or of a room: choosing another one, and removing it.

import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { say } from "../store/screen.ts";
import { changePicture, makesPictures, PICTURES } from "../store/settings.ts";
import { Why } from "../ui/Text.tsx";

interface PictureProps {
  /** The key of an account, or of a room. */
  whose: string;
  picture: string | undefined;
  /** What stands for it now. */
  sign: ComponentChildren;
  /** What others see of the picture. */
  hint: string;
}

export function Picture({ whose, picture, sign, hint }: PictureProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const choose = useRef<HTMLButtonElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  const change = async (file: File | undefined) => {
    if (isBusy) return;
    setBusy(true);
    setWhy("");
    await changePicture(whose, file).then(
      () => say(t.saved),
      (error: Error) => setWhy(error.message),
    );
    setBusy(false);
    choose.current?.focus(); // what was pressed may be gone
  };
  const chosen = (field: HTMLInputElement) => {
    const file = field.files?.[0];
    if (file) change(file);
    field.value = ""; // so that the same file can be chosen again
  };
  const canChoose = makesPictures();
  const busy = isBusy ? "true" : undefined;
  return (
    <fieldset class="my-picture" aria-describedby={`${id}-hint`}>
      <legend>{t.picture}</legend>
      {sign}
      <div class="field">
        <p class="acts">
          {canChoose && (
            <button ref={choose} type="button" aria-disabled={busy} onClick={() => isBusy || input.current?.click()}>
              {isBusy ? t.savingPicture : t.choosePicture}
            </button>
          )}
          {picture && (
            <button type="button" class="quiet" aria-disabled={busy} onClick={() => change(undefined)}>
              {t.removePicture}
            </button>
          )}
        </p>
        <input
          ref={input}
          type="file"
          accept={PICTURES}
          aria-label={t.choosePicture}
          hidden
          onChange={({ currentTarget }) => chosen(currentTarget)}
        />
        <Why text={why} />
        <p class="hint" id={`${id}-hint`}>
          {canChoose ? `${t.pictureKinds} ${hint}` : t.noPictures}
        </p>
      </div>
    </fieldset>
  );
}
