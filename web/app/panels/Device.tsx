// What this device keeps, and what it can't do here and why.

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { opensAlone } from "../offline/shell.ts";
import { kept, trouble } from "../store/kept.ts";
import { unsent } from "../store/outbox.ts";
import { session } from "../store/state.ts";
import { Dialog, openDialog } from "../ui/Dialog.tsx";

/** What is said of a device that can't keep anything, or nothing more. */
export const wordsOfTrouble = (): string => (trouble.value === "none" ? "" : t.troubles[trouble.value]);

/** What a device keeps and allows. */
export function AboutDevice() {
  const [messages, setMessages] = useState(0);
  useEffect(() => {
    kept().then(setMessages);
  }, []);
  const waiting = unsent();
  return (
    <div class="kept">
      <p>
        {wordsOfTrouble() || t.keptHere(messages)} {session.value?.account && t.removedByLogOut}
      </p>
      {waiting > 0 && <p>{t.waitingHere(waiting)}</p>}
      {!isSecureContext && <p>{t.insecureHere}</p>}
      {opensAlone() && <p>{t.secureHere}</p>}
    </div>
  );
}

/** The same in a window of its own, for those without an account. */
export const aboutDevice = (): void =>
  openDialog(
    <Dialog title={t.thisDevice}>
      <AboutDevice />
    </Dialog>,
  );
