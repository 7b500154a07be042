// What notifies me besides mentions, and when nothing does.

import { t } from "../i18n/index.ts";
import { device } from "../store/notifying.ts";
import { say } from "../store/screen.ts";
import { changeNotifying, DAYS, type Preferences, preferences, timeZone } from "../store/settings.ts";
import { type Choice, type FieldSpec, Form, type Values } from "../ui/Form.tsx";
import { Why } from "../ui/Text.tsx";
import { Section } from "./Section.tsx";
import { ThisDevice } from "./ThisDevice.tsx";

/** Every time zone that the browser knows, and the one that is chosen. */
const zones = (chosen: string): Choice[] =>
  [...new Set([...Intl.supportedValuesOf("timeZone"), chosen])].sort().map((value) => ({ value, label: value.replaceAll("_", " ") }));

function fieldsOf({ keywords = [], quiet }: Preferences): FieldSpec[] {
  const [hours] = quiet?.weekly ?? [];
  return [
    { name: "keywords", label: t.keywords, hint: t.keywordsHint, value: keywords.join(", "), input: { autocomplete: "off" } },
    { name: "from", label: t.quietFrom, value: hours?.from ?? "", input: { type: "time" } },
    { name: "to", label: t.quietTo, hint: t.quietHint, value: hours?.to ?? "", input: { type: "time" } },
    { name: "zone", label: t.timeZone, value: timeZone(), options: zones(timeZone()) },
  ];
}

/** The days on which quiet hours begin. */
const Days = ({ of }: { of: readonly string[] }) => (
  <fieldset>
    <legend>{t.quietDays}</legend>
    <div class="days">
      {DAYS.map((day) => (
        <label class="choice" key={day}>
          <input type="checkbox" name={day} defaultChecked={of.includes(day)} />
          {t.days[day]}
        </label>
      ))}
    </div>
  </fieldset>
);

const change =
  (before: Preferences) =>
  async ({ keywords = "", from = "", to = "", zone = "", ...chosen }: Values) => {
    const days = DAYS.filter((day) => day in chosen);
    if (!from !== !to) throw new Error(t.bothHours);
    if (from && !days.length) throw new Error(t.someDay);
    await changeNotifying(keywords, { from, to, days, zone }, before);
    say(t.saved);
  };

export const Notifying = () => (
  <Section
    title={t.notifications}
    look={async () => ({ chosen: preferences(), here: await device().catch((error: Error) => error.message) })}
    show={({ chosen, here }, again) => (
      <>
        {typeof here === "string" ? <Why text={here} /> : <ThisDevice {...here} again={again} />}
        <Form fields={fieldsOf(chosen)} button={t.save} act={change(chosen)}>
          <Days of={chosen.quiet?.weekly?.[0]?.days ?? DAYS} />
        </Form>
      </>
    )}
  />
);
