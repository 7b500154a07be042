// A copy of all that is kept about me, and removing it.

import { t } from "../i18n/index.ts";
import { forgetMe } from "../store/session.ts";
import { EXPORT, myFiles, removeAccount } from "../store/settings.ts";
import { type FieldSpec, Form, type Values } from "../ui/Form.tsx";
import { Section } from "./Section.tsx";

const PASSWORD: FieldSpec = {
  name: "password",
  label: t.password,
  input: { type: "password", autocomplete: "current-password" },
};

const act = async ({ password = "", messages = "" }: Values) => {
  await removeAccount(password, messages === "on");
  forgetMe();
};

export const YourData = () => (
  <Section
    title={t.yourData}
    look={myFiles}
    show={({ used, limit }) => (
      <>
        <p>{t.youUse(t.bytes(used), t.bytes(limit))}</p>
        <p>
          <a href={EXPORT} download="hubbub.jsonl">
            {t.export}
          </a>
        </p>
        <h3>{t.removeAccount}</h3>
        <p>{t.removeWarning}</p>
        <Form fields={[PASSWORD]} button={t.removeForGood} act={act} blame={() => PASSWORD.name} look="danger">
          <label class="choice">
            <input type="checkbox" name="messages" />
            {t.removeMessages}
          </label>
        </Form>
      </>
    )}
  />
);
