// What notifies me besides mentions, and when nothing does.

import { t } from "../i18n/index.ts";
import { device } from "../store/notifying.ts";
import { say } from "../store/screen.ts";
import { changeNotifying, type Preferences, preferences } from "../store/settings.ts";
import { type FieldSpec, Form, type Values } from "../ui/Form.tsx";
import { Why } from "../ui/Text.tsx";
import { Section } from "./Section.tsx";
import { ThisDevice } from "./ThisDevice.tsx";

function fieldsOf({ keywords = [], quiet }: Preferences): FieldSpec[] {
  const [hours] = quiet?.weekly ?? [];
  return [
    { name: "keywords", label: t.keywords, hint: t.keywordsHint, value: keywords.join(", "), input: { autocomplete: "off" } },
    { name: "from", label: t.quietFrom, value: hours?.from ?? "", input: { type: "time" } },
    { name: "to", label: t.quietTo, hint: t.quietHint, value: hours?.to ?? "", input: { type: "time" } },
  ];
}

const change =
  (before: Preferences) =>
  async ({ keywords = "", from = "", to = "" }: Values) => {
    if (!from !== !to) throw new Error(t.bothHours);
    await changeNotifying(keywords, from, to, before);
    say(t.saved);
  };

export const Notifying = () => (
  <Section
    title={t.notifications}
    look={async () => ({ chosen: preferences(), here: await device().catch((error: Error) => error.message) })}
    show={({ chosen, here }, again) => (
      <>
        {typeof here === "string" ? <Why text={here} /> : <ThisDevice {...here} again={again} />}
        <Form fields={fieldsOf(chosen)} button={t.save} act={change(chosen)} />
      </>
    )}
  />
);
