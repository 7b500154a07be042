// My picture: choosing another one, and removing it.

import { useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { pictureOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { changePicture, PICTURES } from "../store/settings.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Why } from "../ui/Text.tsx";

export function Picture({ who }: { who: string }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const choose = useRef<HTMLButtonElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  const picture = pictureOf(who);
  const change = async (file: File | undefined) => {
    if (isBusy) return;
    setBusy(true);
    setWhy("");
    await changePicture(who, file).then(
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
  const busy = isBusy ? "true" : undefined;
  return (
    <fieldset class="my-picture" aria-describedby={`${id}-hint`}>
      <legend>{t.picture}</legend>
      <Avatar who={who} picture={picture} />
      <div class="field">
        <p class="acts">
          <button ref={choose} type="button" aria-disabled={busy} onClick={() => isBusy || input.current?.click()}>
            {isBusy ? t.savingPicture : t.choosePicture}
          </button>
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
          {t.pictureHint}
        </p>
      </div>
    </fieldset>
  );
}
