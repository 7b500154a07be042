// Who is in a room, more people for it, and the way out.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { command, leave } from "../store/doing.ts";
import { list } from "../store/http.ts";
import { everyone } from "../store/names.ts";
import { say } from "../store/screen.ts";
import type { wire } from "../store/sdk.ts";
import { changeLevel } from "../store/settings.ts";
import { accountOf, current } from "../store/state.ts";
import { closeDialog, Dialog, openDialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Empty, Why } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Finder } from "./Finder.tsx";
import { Person } from "./Person.tsx";

interface Member {
  account: string;
  role: string;
}

const MOST_AT_ONCE = 50; // people in one invitation

export function aboutRoom(): void {
  const row = accountOf()?.rooms.get(current.peek());
  if (row) openDialog(<AboutRoom row={row} />);
}

function AboutRoom({ row }: { row: wire.MyRoom }) {
  const [members, setMembers] = useState<Member[]>();
  const [why, setWhy] = useState("");
  const fail = (error: Error) => setWhy(error.message);
  useLayoutEffect(() => {
    list<Member>(`/rooms/${encodeURIComponent(row.room)}/members`, "members", "account").then(setMembers, fail);
  }, []);
  const takesMore = row.kind !== "direct" && !row.archived_at;
  return (
    <Dialog title={harmless(accountOf()?.titleOf(row) ?? "")}>
      {!members && !why && <Empty text={t.looking} />}
      {members && <Members kind={row.kind} members={members} />}
      <Level row={row} />
      {members && takesMore && <Invitation room={row.room} members={members.map(({ account }) => account)} />}
      <Why text={why} />
      <button type="button" class="out" onClick={() => leave(row.room).then(closeDialog, fail)}>
        {row.kind === "direct" ? t.putAway : t.leaveRoom}
      </button>
    </Dialog>
  );
}

/** What one wants to be told of the room. */
const Level = ({ row }: { row: wire.MyRoom }) => (
  <div class="field">
    <label for="level">{t.notifyMe}</label>
    <select
      id="level"
      onChange={({ currentTarget }) =>
        changeLevel(row.room, currentTarget.value as wire.SetRoom["level"]).catch((error: Error) => say(error.message))
      }
    >
      {Object.entries(t.levels).map(([level, words]) => (
        <option key={level} value={level} selected={level === (row.level ?? "")}>
          {words}
        </option>
      ))}
    </select>
  </div>
);

const Members = ({ kind, members }: { kind: string; members: Member[] }) => (
  <>
    <p>{t.kinds[kind]}</p>
    <h3>{t.members(members.length)}</h3>
    <ul class="people">
      {members.map(({ account, role }) => (
        <li key={account}>
          <Person who={account} more={role === "host" ? t.roles.host : ""} />
        </li>
      ))}
    </ul>
  </>
);

function Invitation({ room, members }: { room: string; members: string[] }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const others = everyone()
    .map(([key]) => key)
    .filter((key) => !members.includes(key));
  const choose = (key: string, isChosen: boolean) =>
    setChosen((before) => new Set(isChosen ? [...before, key] : [...before].filter((each) => each !== key)));
  const invite = async () => {
    if (!chosen.size) throw new Error(t.chooseFirst);
    await command({ do: "invite", room, who: [...chosen].slice(0, MOST_AT_ONCE) });
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
  return (
    <section>
      <h3>{t.invitePeople}</h3>
      {others.length ? (
        <Form fields={[]} button={t.invite} act={invite}>
          {rows}
        </Form>
      ) : (
        rows
      )}
    </section>
  );
}
