// The server's own emoji, another one, and removing one.

import { useRef } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import { addEmoji, type OwnEmoji as Emoji, imageOf, ownEmoji, removeEmoji } from "../store/administering.ts";
import { nameOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { Refused } from "../store/sdk.ts";
import { openConfirmation } from "../ui/Confirm.tsx";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Form, type Values } from "../ui/Form.tsx";
import { harmless } from "../ui/text.ts";
import { Listing } from "./Listing.tsx";

export const OwnEmoji = () => (
  <Listing<Emoji>
    page={async () => ({ found: await ownEmoji(), more: false })}
    words={({ name }) => name}
    none={a.noEmoji}
    row={(emoji, again) => <Row key={emoji.name} emoji={emoji} again={again} />}
    above={(again) => (
      <button type="button" class="primary" onClick={() => openDialog(<Adding done={again} />)}>
        {a.addEmoji}
      </button>
    )}
  />
);

function Row({ emoji, again }: { emoji: Emoji; again(): void }) {
  const { name } = emoji;
  const remove = () =>
    openConfirmation({
      title: a.removeEmojiNamed(name),
      text: a.removeEmojiMeans(name),
      button: a.removeEmojiIt,
      act: () => removeEmoji(name).then(again),
    });
  return (
    <li>
      <img class="emoji" src={imageOf(emoji)} alt="" />
      <span class="who">{`:${name}:`}</span>
      <small class="facts">{a.by(harmless(nameOf(emoji.by)))}</small>
      <button type="button" aria-label={a.removeEmojiNamed(name)} onClick={remove}>
        {a.removeEmoji}
      </button>
    </li>
  );
}

const NAME = {
  name: "name",
  label: a.name,
  hint: a.nameHint,
  input: { required: true, maxLength: 30, autocomplete: "off" },
  autofocus: true,
};

function Adding({ done }: { done(): void }) {
  const file = useRef<HTMLInputElement>(null);
  const act = async ({ name = "" }: Values) => {
    const picture = file.current?.files?.[0];
    if (!picture) throw new Error(a.choosePicture);
    const plain = name.replaceAll(":", "").toLowerCase();
    await addEmoji(plain, picture);
    say(a.isAdded(plain));
    closeDialog();
    done();
  };
  const blame = (error: Error) => (error instanceof Refused && /name/i.test(error.message) ? NAME.name : undefined);
  return (
    <Dialog title={a.addEmoji}>
      <Form fields={[NAME]} button={a.add} act={act} blame={blame}>
        <div class="field">
          <label for="emoji-picture">{a.picture}</label>
          <input
            id="emoji-picture"
            ref={file}
            type="file"
            accept="image/png,image/gif,image/jpeg,image/webp,image/avif"
            aria-describedby="emoji-hint"
          />
          <p class="hint" id="emoji-hint">
            {a.pictureHint}
          </p>
        </div>
      </Form>
    </Dialog>
  );
}
