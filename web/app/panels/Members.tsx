// The members of a room: who they are, whether they are there, and what one may do about them.

import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { allMembersOf, appoint, type Member, membersOf, type Rights, removeFrom } from "../store/managing.ts";
import { nameOf } from "../store/names.ts";
import { lookAt, stateOf } from "../store/presence.ts";
import { say } from "../store/screen.ts";
import { accountOf, changesIn, placeOf } from "../store/state.ts";
import { useAsked } from "../ui/Asked.tsx";
import { openConfirmation } from "../ui/Confirm.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Empty } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Person } from "./Person.tsx";
import { openRestraining } from "./Restraining.tsx";

const SEARCHED_FROM = 8; // members: fewer are seen at a glance

interface Found {
  members: Member[];
  more: boolean;
}

interface MembersProps {
  room: string;
  kind: string;
  count: number;
  rights: Rights;
}

const isFound = ({ name, handle }: Member, wanted: string): boolean => `${name} ${handle}`.toLowerCase().includes(wanted);

/** Hosts first, then by name. */
const inOrder = (members: Member[]): Member[] => [...members].sort((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name));

export function Members({ room, kind, count, rights }: MembersProps) {
  const { found, change, fail, state } = useAsked<Found>(() => membersOf(room), [room, changesIn(room)]);
  const [wanted, setWanted] = useState("");
  const isLong = (found?.members.length ?? 0) > SEARCHED_FROM || found?.more;
  useLayoutEffect(() => {
    lookAt((found?.members ?? []).map(({ account }) => account));
    return () => lookAt([]);
  }, [found]);
  const all = () =>
    found?.more && allMembersOf(room).then((members) => change((now) => (now === found ? { members, more: false } : now)), fail);
  const shown = inOrder(found?.members ?? []).filter((member) => isFound(member, wanted));
  return (
    <section class="members-of" aria-label={t.members(count)}>
      <h3>{t.members(count)}</h3>
      {state}
      {isLong && (
        <input
          type="search"
          aria-label={t.findMembers}
          placeholder={t.findMembers}
          autocomplete="off"
          onFocus={all}
          onInput={({ currentTarget }) => setWanted(currentTarget.value.trim().toLowerCase())}
        />
      )}
      <ul class="people">
        {shown.map((member) => (
          <Row key={member.account} room={room} kind={kind} member={member} rights={rights} />
        ))}
      </ul>
      {found && wanted && !shown.length && <Empty text={t.nobodyFound} />}
      {found?.more && (
        <button type="button" onClick={all}>
          {t.showAll}
        </button>
      )}
    </section>
  );
}

interface RowProps {
  room: string;
  kind: string;
  member: Member;
  rights: Rights;
}

function Row({ room, kind, member, rights }: RowProps) {
  const [isOpen, setOpen] = useState(false);
  const { account, name, role } = member;
  const isHere = placeOf(room)?.here.value.people.has(account);
  const mayAct = kind !== "direct" && account !== accountOf()?.key && (rights.moderate?.allowed || rights.manage?.allowed);
  return (
    <li>
      <Person who={account} more={role === "host" ? t.roles.host : ""} state={stateOf(account) ?? (isHere ? "online" : undefined)} />
      {mayAct && (
        <button
          type="button"
          class="icon-button"
          aria-label={t.manageNamed(harmless(name))}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="more" />
        </button>
      )}
      {mayAct && isOpen && <Acts room={room} member={member} rights={rights} done={() => setOpen(false)} />}
    </li>
  );
}

interface ActsProps {
  room: string;
  member: Member;
  rights: Rights;
  done(): void;
}

function Acts({ room, member: { account, role }, rights, done }: ActsProps) {
  const other = role === "host" ? "member" : "host";
  const name = harmless(nameOf(account));
  const remove = () =>
    openConfirmation({
      title: t.removeNamed(name),
      text: t.removeMeans(name),
      button: t.remove,
      act: () => removeFrom(room, account).then(done),
    });
  const change = () => appoint(room, account, other).then(done, (error: Error) => say(error.message));
  return (
    <div class="acts">
      {rights.manage?.allowed && (
        <button type="button" onClick={change}>
          {other === "host" ? t.makeHost : t.makeMember}
        </button>
      )}
      {rights.moderate?.allowed && (
        <>
          <button type="button" onClick={() => openRestraining("mutes", room, account, done)}>
            {t.muteFor}
          </button>
          <button type="button" onClick={remove}>
            {t.removeFor}
          </button>
          <button type="button" onClick={() => openRestraining("bans", room, account, done)}>
            {t.banFor}
          </button>
        </>
      )}
    </div>
  );
}
