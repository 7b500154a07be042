// Make an open or a closed room.

import { t } from "../i18n/index.ts";
import { create } from "../store/doing.ts";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Choices, type FieldSpec, Form, type Values } from "../ui/Form.tsx";

const TITLE: FieldSpec = {
  name: "title",
  label: t.title,
  input: { required: true, maxLength: 80, autocomplete: "off", autocapitalize: "sentences" },
  autofocus: true,
};
const KINDS = [
  { value: "open", label: t.open, hint: t.openHint },
  { value: "closed", label: t.closed, hint: t.closedHint },
];

async function make({ kind = "", title = "" }: Values): Promise<void> {
  await create({ kind: kind as "open" | "closed", title });
  closeDialog();
}

export const newRoom = (): void =>
  openDialog(
    <Dialog title={t.newRoom}>
      <Form fields={[TITLE]} button={t.makeRoom} act={make} blame={() => TITLE.name}>
        <Choices label={t.whoMayComeIn} name="kind" choices={KINDS} />
      </Form>
    </Dialog>,
  );
