// Where I am logged in.

import { dayOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { say } from "../store/screen.ts";
import { endOthers, endSession, type Session, sessions } from "../store/settings.ts";
import { Section } from "./Section.tsx";

const BROWSERS: [RegExp, string][] = [
  [/Firefox\//, "Firefox"],
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS/, "macOS"],
  [/Linux/, "Linux"],
];

/** What a device calls itself, in words if it is a browser. */
export function nameOfDevice(device: string): string {
  const browser = BROWSERS.find(([sign]) => sign.test(device))?.[1];
  const system = SYSTEMS.find(([sign]) => sign.test(device))?.[1];
  return browser && system ? t.browserOn(browser, system) : device || t.someDevice;
}

const Device = ({ device, seen_at, is_this, end }: Session & { end(): void }) => (
  <li>
    <span class="who">
      {nameOfDevice(device)}
      <small>{is_this ? t.thisDevice : t.seenAt(dayOf(new Date(1000 * seen_at).toISOString()))}</small>
    </span>
    {!is_this && (
      <button type="button" aria-label={t.endNamed(nameOfDevice(device))} onClick={end}>
        {t.end}
      </button>
    )}
  </li>
);

function Found({ found, again }: { found: Session[]; again(): void }) {
  const then = (done: Promise<unknown>) => done.then(again, (error: Error) => say(error.message));
  return (
    <>
      <ul class="people">
        {found.map((each) => (
          <Device key={each.session} {...each} end={() => then(endSession(each.session))} />
        ))}
      </ul>
      {found.length > 1 && (
        <button type="button" onClick={() => then(endOthers())}>
          {t.endOthers}
        </button>
      )}
    </>
  );
}

export const Devices = () => <Section title={t.devices} look={sessions} show={(found, again) => <Found found={found} again={again} />} />;
