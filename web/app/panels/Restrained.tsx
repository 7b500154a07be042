// Who is banned from a room, and who is muted there, and letting them in or speak again.

import { dayOf, timeOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { bannedFrom, mutedIn, type Restrained as One, release } from "../store/managing.ts";
import { nameOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { Empty } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";
import { Person } from "./Person.tsx";
import { Section } from "./Section.tsx";

interface ListProps {
  how: "bans" | "mutes";
  room: string;
  found: One[];
  again(): void;
}

function untilOf(until: number | null): string {
  if (until === null) return t.forEver;
  const at = new Date(1000 * until).toISOString();
  return t.until(`${dayOf(at)}, ${timeOf(at)}`);
}

const List = ({ how, room, found, again }: ListProps) => (
  <ul class="people">
    {found.map(({ account, until }) => (
      <li key={account}>
        <Person who={account} more={`${how === "bans" ? t.banned : t.muted} ${untilOf(until)}`} />
        <button
          type="button"
          aria-label={how === "bans" ? t.unbanNamed(harmless(nameOf(account))) : t.unmuteNamed(harmless(nameOf(account)))}
          onClick={() => release(how, room, account).then(again, (error: Error) => say(error.message))}
        >
          {how === "bans" ? t.unban : t.unmute}
        </button>
      </li>
    ))}
  </ul>
);

export const Restrained = ({ room }: { room: string }) => (
  <Section
    title={t.bansAndMutes}
    look={() => Promise.all([bannedFrom(room), mutedIn(room)])}
    show={([bans, mutes], again) => (
      <>
        {!bans.length && !mutes.length && <Empty text={t.nobodyRestrained} />}
        <List how="bans" room={room} found={bans} again={again} />
        <List how="mutes" room={room} found={mutes} again={again} />
      </>
    )}
  />
);
