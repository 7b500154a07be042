// What a message said before it was edited.

import { fullOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { versionsOf } from "../store/managing.ts";
import { useAsked } from "../ui/Asked.tsx";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { harmless } from "../ui/text.ts";

export const openVersions = (room: string, seq: number): void =>
  openDialog(
    <Dialog title={t.versions}>
      <Versions room={room} seq={seq} />
    </Dialog>,
  );

function Versions({ room, seq }: { room: string; seq: number }) {
  const { found, state } = useAsked(() => versionsOf(room, seq));
  if (!found) return state;
  return (
    <ol class="versions">
      {found.map(({ seq: version, at, text }) => (
        <li key={version}>
          <small>{fullOf(at)}</small>
          <p dir="auto">{text === undefined ? <em class="instead">{t.erased}</em> : harmless(text)}</p>
        </li>
      ))}
    </ol>
  );
}
