// Who I am, and the way out.

import { t } from "../i18n/index.ts";
import { logOut } from "../store/session.ts";
import { accountOf, clientOf } from "../store/state.ts";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Person } from "./Person.tsx";

export function aboutMe(): void {
  const account = accountOf();
  if (account) openDialog(<AboutMe who={account.key} role={account.role} unsent={clientOf()?.outbox.entries.length ?? 0} />);
}

const AboutMe = ({ who, role, unsent }: { who: string; role: string; unsent: number }) => (
  <Dialog title={t.yourAccount}>
    <p class="person">
      <Person who={who} more={t.roles[role]} />
    </p>
    <Form fields={[]} button={t.logOut} act={logOut}>
      {unsent > 0 && <p>{t.unsentWillBeLost(unsent)}</p>}
    </Form>
  </Dialog>
);
