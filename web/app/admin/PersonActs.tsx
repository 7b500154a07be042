// What may be done about somebody: another role, their sessions, a reset link, suspending and removing them.

import { a } from "../i18n/admin.ts";
import { dateOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { nameOfDevice } from "../panels/Devices.tsx";
import * as admin from "../store/administering.ts";
import { say } from "../store/screen.ts";
import { accountOf } from "../store/state.ts";
import { useAsked } from "../ui/Asked.tsx";
import { openConfirmation } from "../ui/Confirm.tsx";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Form.tsx";
import { harmless } from "../ui/text.ts";

interface PersonProps {
  person: admin.Person;
  again(): void;
}

const RANKS = ["guest", "member", "moderator", "admin", "owner"];
const HIGHEST_BY_ADMINS = RANKS.indexOf("moderator");

/** The roles that one may give. */
const rolesToGive = (): string[] => (accountOf()?.role === "owner" ? RANKS : RANKS.slice(0, HIGHEST_BY_ADMINS + 1));

export function PersonActs({ person, again }: PersonProps) {
  const { found: has, again: look, state } = useAsked(() => admin.sessionsOf(person.account), [person]);
  if (!has) return <div class="acts">{state}</div>;
  return (
    <div class="acts">
      {state}
      <Role person={person} again={again} />
      <Sessions person={person} has={has} look={look} />
      <Ending person={person} has={has} again={again} look={look} />
    </div>
  );
}

function Role({ person: { account, name, role }, again }: PersonProps) {
  const roles = rolesToGive();
  const change = (wanted: string) =>
    admin.changeRole(account, wanted).then(again, (error: Error) => {
      say(error.message);
      again();
    });
  return (
    <label class="role">
      {t.role}
      <select aria-label={a.roleOf(harmless(name))} onChange={({ currentTarget }) => change(currentTarget.value)}>
        {(roles.includes(role) ? roles : [...roles, role]).map((each) => (
          <option key={each} value={each} selected={each === role}>
            {t.roles[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

interface HasProps {
  person: admin.Person;
  has: admin.Presence;
  look(): void;
}

const Sessions = ({ person, has, look }: HasProps) => (
  <div class="sessions">
    <p>{[a.sessions(has.sessions.length), a.connections(has.connections)].join(" · ")}</p>
    <ul class="people">
      {has.sessions.map(({ session, device, opened_at }) => (
        <li key={session}>
          <span class="who">
            {nameOfDevice(device)}
            <small>{a.opened(dateOf(opened_at))}</small>
          </span>
          <button
            type="button"
            aria-label={t.endNamed(nameOfDevice(device))}
            onClick={() => admin.endSessionOf(person.account, session).then(look, (error: Error) => say(error.message))}
          >
            {t.end}
          </button>
        </li>
      ))}
    </ul>
  </div>
);

function Ending({ person, has, again, look }: HasProps & { again(): void }) {
  const { account, status } = person;
  const name = harmless(person.name);
  const fail = (error: Error) => say(error.message);
  const suspend = () =>
    openConfirmation({
      title: a.suspendNamed(name),
      text: a.suspendMeans(has.sessions.length),
      button: a.suspendIt,
      act: () => admin.suspend(account).then(again),
    });
  const endAll = () =>
    admin.endSessionsOf(account).then(() => {
      say(a.allEnded(name));
      look();
    }, fail);
  const reset = () => admin.resetLink(account).then((link) => showLink(a.resetNamed(name), link), fail);
  const isMe = account === accountOf()?.key;
  return (
    <div class="buttons">
      <button type="button" onClick={reset}>
        {a.resetLink}
      </button>
      {!isMe && has.sessions.length > 0 && (
        <button type="button" onClick={endAll}>
          {a.endAll}
        </button>
      )}
      {!isMe && status === "suspended" && (
        <button type="button" onClick={() => admin.resume(account).then(again, fail)}>
          {a.reinstate}
        </button>
      )}
      {!isMe && status === "active" && (
        <button type="button" onClick={suspend}>
          {a.suspend}
        </button>
      )}
      {!isMe && (
        <button type="button" class="out" onClick={() => remove(person, has, again)}>
          {a.removePerson}
        </button>
      )}
    </div>
  );
}

function remove(person: admin.Person, { sessions, tokens, rooms }: admin.Presence, again: () => void): void {
  const name = harmless(person.name);
  openConfirmation({
    title: a.removeNamed(name),
    text: a.removeMeans(sessions.length, tokens, rooms),
    button: a.removeIt,
    children: (
      <label class="choice">
        <input type="checkbox" name="messages" />
        {a.eraseMessages}
      </label>
    ),
    act: async ({ messages }) => {
      await admin.removePerson(person.account, messages === "on");
      say(a.isRemoved(name));
      again();
    },
  });
}

const showLink = (title: string, link: string): void =>
  openDialog(
    <Dialog title={title}>
      <Field spec={{ name: "link", label: a.link, hint: a.resetHint, value: link, input: { readOnly: true } }} />
    </Dialog>,
  );
