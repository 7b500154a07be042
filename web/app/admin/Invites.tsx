// The invites that can still be used, and another one.

import { a } from "../i18n/admin.ts";
import { dateOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { inviteToServer } from "../panels/InviteToServer.tsx";
import { type Invite, invites, revokeInvite } from "../store/administering.ts";
import { nameOf } from "../store/names.ts";
import { titleOf } from "../store/rooms.ts";
import { say } from "../store/screen.ts";
import { rolesToInvite } from "../store/settings.ts";
import { harmless } from "../ui/text.ts";
import { Listing } from "./Listing.tsx";

const fail = (error: Error) => say(error.message);

export const Invites = () => (
  <Listing<Invite>
    page={(last) => invites(last?.invite ?? "")}
    none={a.noInvites}
    row={(invite, again) => <Row key={invite.invite} invite={invite} again={again} />}
    above={(again) => (
      <button type="button" class="primary" onClick={() => rolesToInvite().then((roles) => inviteToServer(roles, again), fail)}>
        {a.newInvite}
      </button>
    )}
  />
);

function Row({ invite: { invite, role, uses_left, until, by, rooms }, again }: { invite: Invite; again(): void }) {
  const name = harmless(nameOf(by));
  const facts = [
    a.usesLeft(uses_left),
    a.until(dateOf(new Date(1000 * until).toISOString())),
    a.by(name),
    ...rooms.map((room) => a.into(harmless(titleOf(room)))),
  ];
  return (
    <li>
      <span class="who">{t.roles[role]}</span>
      <small class="facts">{facts.join(" · ")}</small>
      <button type="button" aria-label={a.revokeNamed(t.roles[role] ?? role, name)} onClick={() => revokeInvite(invite).then(again, fail)}>
        {a.revoke}
      </button>
    </li>
  );
}
