// More people for a room.

import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { inviteTo } from "../store/doing.ts";
import { allMembersOf } from "../store/managing.ts";
import { everyone } from "../store/names.ts";
import { useAsked } from "../ui/Asked.tsx";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Finder } from "./Finder.tsx";
import { Person } from "./Person.tsx";

const MOST_AT_ONCE = 50; // people in one invitation

export const inviteToRoom = (room: string): void =>
  openDialog(
    <Dialog title={t.invitePeople}>
      <Invitation room={room} />
    </Dialog>,
  );

function Invitation({ room }: { room: string }) {
  const { found, state } = useAsked(() => allMembersOf(room));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (!found) return state;
  const members = new Set(found.map(({ account }) => account));
  const others = everyone()
    .map(([key]) => key)
    .filter((key) => !members.has(key));
  const choose = (key: string, isChosen: boolean) =>
    setChosen((before) => new Set(isChosen ? [...before, key] : [...before].filter((each) => each !== key)));
  const invite = async () => {
    if (!chosen.size) throw new Error(t.chooseFirst);
    if (chosen.size > MOST_AT_ONCE) throw new Error(t.inviteFewer(MOST_AT_ONCE));
    await inviteTo(room, [...chosen]);
    closeDialog();
  };
  const rows = (
    <Finder
      people={others}
      none={t.allAreMembers}
      row={(key) => (
        <label class="choice">
          <input type="checkbox" onChange={({ currentTarget }) => choose(key, currentTarget.checked)} />
          <Person who={key} />
        </label>
      )}
    />
  );
  if (!others.length) return rows;
  return (
    <Form fields={[]} button={t.invite} act={invite}>
      {rows}
    </Form>
  );
}
