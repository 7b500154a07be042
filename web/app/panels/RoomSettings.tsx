// What a room is like: each setting for those who may change it.

import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { changeRoom, type Rights, type RoomSettings as Settings, settingsOf } from "../store/managing.ts";
import { pictureOfRoom } from "../store/rooms.ts";
import { say } from "../store/screen.ts";
import { Refused } from "../store/sdk.ts";
import { Field, type FieldSpec, Form, type Values } from "../ui/Form.tsx";
import type { IconName } from "../ui/Icon.tsx";
import { RoomSign } from "../ui/RoomSign.tsx";
import { Picture } from "./Picture.tsx";
import { Section } from "./Section.tsx";

const SLOW = [0, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400]; // seconds
const MOST_DAYS = 36_500;

const optionsOf = (words: Record<string, string>): FieldSpec["options"] =>
  Object.entries(words).map(([value, label]) => ({ value, label }));

const text = (name: "title" | "topic" | "alias", label: string, value: string, max: number, hint = ""): FieldSpec => ({
  name,
  label,
  value,
  ...(hint && { hint }),
  input: { maxLength: max, autocomplete: "off", autocapitalize: name === "alias" ? "none" : "sentences", required: name === "title" },
});

function slowOptions(now: number): FieldSpec["options"] {
  const seconds = SLOW.includes(now) ? SLOW : [...SLOW, now].sort((a, b) => a - b);
  return seconds.map((each) => ({ value: String(each), label: each ? t.lasting(each) : t.off }));
}

/** The fields that somebody with these rights may fill in. */
function fieldsOf(now: Settings, { title, describe, moderate, manage }: Rights): FieldSpec[] {
  const isDirect = now.kind === "direct";
  const fields: (FieldSpec | false | undefined)[] = [
    title?.allowed && text("title", t.title, now.title, 80),
    describe?.allowed && text("topic", t.topic, now.topic, 250, t.topicHint),
    describe?.allowed && text("alias", t.alias, now.alias, 32, t.aliasHint),
    manage?.allowed && { name: "kind", label: t.whoMayComeIn, options: optionsOf(t.roomKinds), value: now.kind },
    manage?.allowed && now.kind === "open" && { name: "public", label: t.public, options: optionsOf(t.publics), value: now.public },
    moderate?.allowed && { name: "posters", label: t.posters, options: optionsOf(t.posterKinds), value: now.posters },
    moderate?.allowed && { name: "slow", label: t.slow, hint: t.slowHint, options: slowOptions(now.slow), value: String(now.slow) },
  ];
  return isDirect ? [] : fields.filter((field) => typeof field === "object");
}

const SWITCHES = ["receipts", "titles", "members_may_invite", "members_may_edit", "members_may_name_all"] as const;
const NUMBERS = new Set(["slow", "keep_days"]);

/** What was changed, of what was asked. */
function newsOf(values: Values, now: Settings, hasSwitches: boolean): Partial<Settings> {
  const given: [string, unknown][] = Object.entries(values).map(([name, value]) => [name, NUMBERS.has(name) ? Number(value) : value]);
  const fields = given.filter(([name]) => !SWITCHES.some((each) => each === name) && name !== "erase");
  const switches = hasSwitches ? SWITCHES.map((name): [string, unknown] => [name, values[name] === "on"]) : [];
  return Object.fromEntries([...fields, ...switches].filter(([name, value]) => now[name as keyof Settings] !== value));
}

/** The field that a refusal is about: its words name it. */
function blamed(error: Error): string | undefined {
  if (!(error instanceof Refused) || error.temporary) return undefined;
  if (error.code === "name_taken") return "alias";
  return ["title", "topic", "alias", "keep_days", "slow"].find((name) => error.message.includes(name));
}

const Switch = ({ name, on }: { name: (typeof SWITCHES)[number]; on: boolean }) => (
  <label class="choice">
    <input type="checkbox" name={name} defaultChecked={on} />
    {t.switches[name]}
  </label>
);

/** How long messages are kept. What it would erase is said, and must be agreed to. */
function Keeping({ now }: { now: Settings }) {
  const [days, setDays] = useState(now.keep_days);
  const erases = days > 0 && (now.keep_days === 0 || days < now.keep_days);
  const spec: FieldSpec = {
    name: "keep_days",
    label: t.keepDays,
    hint: t.keepDaysHint,
    value: String(now.keep_days),
    input: { type: "number", min: 0, max: MOST_DAYS, inputMode: "numeric", required: true },
  };
  return (
    <div onInput={({ target }) => target instanceof HTMLInputElement && target.type === "number" && setDays(Number(target.value))}>
      <Field spec={spec} />
      {erases && (
        <label class="choice warning">
          <input type="checkbox" name="erase" />
          {t.erasesOlder(days, now.nth)}
        </label>
      )}
    </div>
  );
}

function Change({ room, now, rights, again }: { room: string; now: Settings; rights: Rights; again(): void }) {
  const mayManage = rights.manage?.allowed === true;
  const act = async (values: Values) => {
    const news = newsOf(values, now, mayManage);
    const { keep_days: days } = news;
    if (days !== undefined && !(days >= 0 && days <= MOST_DAYS)) throw new Error(t.useRange("0", String(MOST_DAYS)));
    if (days && (now.keep_days === 0 || days < now.keep_days) && values.erase !== "on") throw new Error(t.agreeToErase);
    if (Object.keys(news).length) await changeRoom(room, news);
    say(t.saved);
    again();
  };
  return (
    <Form fields={fieldsOf(now, rights)} button={t.save} act={act} blame={blamed}>
      {mayManage && (
        <>
          <Keeping now={now} />
          {SWITCHES.map((name) => (
            <Switch key={name} name={name} on={now[name]} />
          ))}
        </>
      )}
    </Form>
  );
}

const RoomPicture = ({ room, icon }: { room: string; icon: IconName }) => {
  const picture = pictureOfRoom(room);
  const sign = <RoomSign room={room} icon={icon} picture={picture} />;
  return <Picture whose={room} picture={picture} sign={sign} hint={t.roomPictureHint} />;
};

export const RoomSettings = ({ room, rights }: { room: string; rights: Rights }) => (
  <Section
    title={t.roomSettings}
    look={() => settingsOf(room)}
    show={(now, again) => (
      <>
        {rights.depict?.allowed && <RoomPicture room={room} icon={now.kind === "open" ? "hash" : "lock"} />}
        <Change key={JSON.stringify(now)} room={room} now={now} rights={rights} again={again} />
      </>
    )}
  />
);
