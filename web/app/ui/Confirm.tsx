// A window that asks once more before something is done that can't be undone, and says what it does.

import type { ComponentChildren } from "preact";
import { closeDialog, Dialog, openDialog } from "./Dialog.tsx";
import { type FieldSpec, Form, type Values } from "./Form.tsx";

interface Confirmation {
  title: string;
  /** What will be so afterwards, in numbers where there are any. */
  text: string;
  button: string;
  act(values: Values): Promise<unknown>;
  fields?: FieldSpec[];
  children?: ComponentChildren;
  danger?: boolean;
}

export function openConfirmation({ title, text, button, act, fields = [], children, danger = true }: Confirmation): void {
  const confirm = async (values: Values) => {
    await act(values);
    closeDialog();
  };
  openDialog(
    <Dialog title={title}>
      <Form fields={fields} button={button} act={confirm} look={danger ? "danger" : "primary"}>
        <p>{text}</p>
        {children}
      </Form>
    </Dialog>,
  );
}
