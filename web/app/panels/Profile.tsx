// What others see of me: a picture, a name, and a status.

import { t } from "../i18n/index.ts";
import { pictureOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { changeProfile, type Profile as Known, profile } from "../store/settings.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { type FieldSpec, Form, type Values } from "../ui/Form.tsx";
import { Picture } from "./Picture.tsx";
import { Section } from "./Section.tsx";

const fieldsOf = ({ name, status_text }: Known): FieldSpec[] => [
  {
    name: "name",
    label: t.displayName,
    hint: t.displayNameHint,
    value: name,
    input: { required: true, maxLength: 64, autocomplete: "name" },
  },
  {
    name: "status",
    label: t.status,
    hint: t.statusHint,
    value: status_text,
    input: { maxLength: 100, autocomplete: "off", autocapitalize: "sentences" },
  },
];

const act = async ({ name = "", status = "" }: Values) => {
  await changeProfile({ name, status_text: status });
  say(t.saved);
};

const Me = ({ who }: { who: string }) => <Avatar who={who} picture={pictureOf(who)} />;

export const Profile = () => (
  <Section
    title={t.profile}
    look={async () => profile()}
    show={(found) => (
      <>
        <Picture whose={found.account} picture={pictureOf(found.account)} sign={<Me who={found.account} />} hint={t.pictureHint} />
        <Form fields={fieldsOf(found)} button={t.save} act={act} blame={() => "name"} />
      </>
    )}
  />
);
