// Posting a message again, in another room.

import { t } from "../i18n/index.ts";
import { forward } from "../store/managing.ts";
import { say } from "../store/screen.ts";
import { accountOf } from "../store/state.ts";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { type FieldSpec, Form, type Values } from "../ui/Form.tsx";
import { Empty } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

function fieldsOf(): FieldSpec[] {
  const account = accountOf();
  const rooms = account?.shown.filter(({ archived_at }) => !archived_at) ?? [];
  return [
    { name: "room", label: t.forwardTo, options: rooms.map((row) => ({ value: row.room, label: harmless(account?.titleOf(row) ?? "") })) },
    { name: "text", label: t.yourWords, hint: t.yourWordsHint, input: { autocomplete: "off", autocapitalize: "sentences" } },
  ];
}

export function openForwarding(of: { room: string; message: number }): void {
  const act = async ({ room = "", text = "" }: Values) => {
    await forward(room, of, text);
    say(t.forwarded);
    closeDialog();
  };
  const fields = fieldsOf();
  openDialog(
    <Dialog title={t.forwardMessage}>
      <p class="hint">{t.forwardMeans}</p>
      {fields[0]?.options?.length ? <Form fields={fields} button={t.forwardIt} act={act} /> : <Empty text={t.inNoRoom} />}
    </Dialog>,
  );
}
