// What a message said before it was edited.

import { useLayoutEffect, useState } from "preact/hooks";
import { fullOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { type Version, versionsOf } from "../store/managing.ts";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { Empty, Why } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

export const openVersions = (room: string, seq: number): void =>
  openDialog(
    <Dialog title={t.versions}>
      <Versions room={room} seq={seq} />
    </Dialog>,
  );

function Versions({ room, seq }: { room: string; seq: number }) {
  const [found, setFound] = useState<Version[]>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    versionsOf(room, seq).then(setFound, (error: Error) => setWhy(error.message));
  }, []);
  if (!found) return why ? <Why text={why} /> : <Empty text={t.looking} />;
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
