// Everybody who has an account here, and what may be done about them.

import { useState } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import { dateOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { Person as Shown } from "../panels/Person.tsx";
import { type Person, people } from "../store/administering.ts";
import { Icon } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { Listing } from "./Listing.tsx";
import { PersonActs } from "./PersonActs.tsx";

export const People = () => (
  <Listing<Person>
    page={(last) => people(last?.account ?? "")}
    words={({ name, handle, role }) => `${name} ${handle} ${role}`}
    none={a.nothingFound}
    row={(person, again) => <Row key={person.account} person={person} again={again} />}
  />
);

function Row({ person, again }: { person: Person; again(): void }) {
  const [isOpen, setOpen] = useState(false);
  const { account, name, role, kind, status, made_at } = person;
  const facts = [kind === "bot" && a.bot, t.roles[role], status === "suspended" && a.suspended, a.since(dateOf(made_at))];
  return (
    <li>
      <Shown who={account} />
      <small class={status === "suspended" ? "facts warning" : "facts"}>{facts.filter(Boolean).join(" · ")}</small>
      <button
        type="button"
        class="icon-button"
        aria-label={a.manage(harmless(name))}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      {isOpen && <PersonActs person={person} again={again} />}
    </li>
  );
}
