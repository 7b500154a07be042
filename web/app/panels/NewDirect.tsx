// Begin or go on with a direct.

import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { create } from "../store/doing.ts";
import { everyone } from "../store/names.ts";
import { accountOf } from "../store/state.ts";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Why } from "../ui/Text.tsx";
import { Finder } from "./Finder.tsx";
import { inviteToServer, useRolesToInvite } from "./InviteToServer.tsx";
import { Person } from "./Person.tsx";

export const newDirect = (): void => openDialog(<NewDirect />);

function NewDirect() {
  const [why, setWhy] = useState("");
  const roles = useRolesToInvite();
  const others = everyone()
    .map(([key]) => key)
    .filter((key) => key !== accountOf()?.key);
  const write = (key: string) => create({ kind: "direct", who: [key] }).then(closeDialog, (error: Error) => setWhy(error.message));
  return (
    <Dialog title={t.writeToSomeone}>
      <Finder
        people={others}
        none={t.nobodyElse}
        row={(key) => (
          <button type="button" class="row" onClick={() => write(key)}>
            <Person who={key} />
          </button>
        )}
      />
      {!others.length && roles.length > 0 && (
        <button type="button" class="primary" onClick={() => inviteToServer(roles)}>
          {t.invitePeople}
        </button>
      )}
      <Why text={why} />
    </Dialog>
  );
}
