// What others may know of me.

import { t } from "../i18n/index.ts";
import { say } from "../store/screen.ts";
import { changePrivacy, preferences } from "../store/settings.ts";
import { Section } from "./Section.tsx";

interface SwitchProps {
  of: keyof typeof t.privacySwitches;
  isShown: boolean;
}

const Switch = ({ of, isShown }: SwitchProps) => (
  <label class="choice">
    <input
      type="checkbox"
      checked={isShown}
      onChange={({ currentTarget }) =>
        changePrivacy(of, currentTarget.checked).then(
          () => say(t.saved),
          (error: Error) => say(error.message),
        )
      }
    />
    {t.privacySwitches[of]}
  </label>
);

export const Privacy = () => (
  <Section
    title={t.privacy}
    look={async () => preferences()}
    show={({ receipts, hide_presence }) => (
      <>
        <Switch of="receipts" isShown={receipts !== false} />
        <Switch of="hide_presence" isShown={hide_presence !== true} />
      </>
    )}
  />
);
