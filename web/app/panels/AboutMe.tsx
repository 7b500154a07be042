// Who I am, what I am told of, where I am logged in, and the ways out.

import { t } from "../i18n/index.ts";
import { unsent } from "../store/outbox.ts";
import { isDense, setDense } from "../store/screen.ts";
import { logOut } from "../store/session.ts";
import { accountOf } from "../store/state.ts";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Blocked } from "./Blocked.tsx";
import { AboutDevice } from "./Device.tsx";
import { Devices } from "./Devices.tsx";
import { Notifying } from "./Notifying.tsx";
import { Person } from "./Person.tsx";
import { Privacy } from "./Privacy.tsx";
import { Profile } from "./Profile.tsx";
import { YourData } from "./YourData.tsx";

export function aboutMe(): void {
  const account = accountOf();
  if (account) openDialog(<AboutMe who={account.key} role={account.role} unsent={unsent()} />);
}

const Appearance = () => (
  <details class="section">
    <summary>{t.appearance}</summary>
    <label class="choice">
      <input type="checkbox" checked={isDense.value} onChange={({ currentTarget }) => setDense(currentTarget.checked)} />
      {t.dense}
    </label>
  </details>
);

const AboutMe = ({ who, role, unsent }: { who: string; role: string; unsent: number }) => (
  <Dialog title={t.yourAccount}>
    <p class="person">
      <Person who={who} more={t.roles[role]} />
    </p>
    <Appearance />
    <Profile />
    <Notifying />
    <Privacy />
    <Blocked />
    <Devices />
    <details class="section">
      <summary>{t.keptOnDevice}</summary>
      <AboutDevice />
    </details>
    <YourData />
    <div class="section log-out">
      <Form fields={[]} button={t.logOut} act={logOut} look="plain">
        {unsent > 0 && <p>{t.unsentWillBeLost(unsent)}</p>}
      </Form>
    </div>
  </Dialog>
);
