// Whether this device is notified, and how to change that. The browser is only asked after a click.

import { t } from "../i18n/index.ts";
import { type Device, notifyHere, notifyNoLonger } from "../store/notifying.ts";
import { say } from "../store/screen.ts";
import { Form } from "../ui/Form.tsx";

const BUTTONS: Record<string, string> = { off: t.notifyMeHere, open: t.notifyMeAlways };

interface TextProps {
  isShown: boolean;
  change?(isShown: boolean): void;
}

const Text = ({ isShown, change }: TextProps) => (
  <label class="choice">
    <input type="checkbox" name="text" defaultChecked={isShown} onChange={({ currentTarget }) => change?.(currentTarget.checked)} />
    {t.showText}
  </label>
);

/** What to do: `again` looks again how the device stands, since the browser may have refused. */
export function ThisDevice({ standing, showsText, again }: Device & { again(): void }) {
  const button = BUTTONS[standing];
  const notify = (text: boolean) => notifyHere(text).then(() => say(t.saved));
  const complain = (error: Error) => say(error.message);
  return (
    <section class="this-device" aria-label={t.onThisDevice}>
      <p>{t.notifyHere[standing]}</p>
      {button && (
        <Form fields={[]} button={button} act={({ text }) => notify(text !== undefined).finally(again)}>
          <Text isShown={showsText} />
        </Form>
      )}
      {standing === "on" && (
        <>
          <Text isShown={showsText} change={(text) => notify(text).catch(complain)} />
          <button type="button" onClick={() => notifyNoLonger().then(again, complain)}>
            {t.notifyNoLonger}
          </button>
        </>
      )}
    </section>
  );
}
