// Whom I block, and blocking them no longer.

import { t } from "../i18n/index.ts";
import { nameOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { blocked, unblock } from "../store/settings.ts";
import { Empty } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Person } from "./Person.tsx";
import { Section } from "./Section.tsx";

const List = ({ found, again }: { found: string[]; again(): void }) => (
  <ul class="people">
    {found.map((who) => (
      <li key={who}>
        <Person who={who} />
        <button
          type="button"
          aria-label={t.unblockNamed(harmless(nameOf(who)))}
          onClick={() => unblock(who).then(again, (error: Error) => say(error.message))}
        >
          {t.unblock}
        </button>
      </li>
    ))}
  </ul>
);

export const Blocked = () => (
  <Section
    title={t.blockedPeople}
    look={async () => blocked()}
    show={(found, again) => (found.length ? <List found={found} again={again} /> : <Empty text={t.nobodyBlocked} />)}
  />
);
