// What was done with accounts and rights, the newest first, and whether the log of it is as it was written.

import { useState } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import { momentOf } from "../i18n/dates.ts";
import { type Entry, entriesBefore, verifyAudit } from "../store/administering.ts";
import { isAccount, nameOf } from "../store/names.ts";
import { harmless } from "../ui/text.ts";
import { Listing } from "./Listing.tsx";

export const Audit = () => (
  <Listing<Entry>
    page={(last) => entriesBefore(last?.seq)}
    words={({ action = "", by, about = "" }) => `${action} ${nameOf(by)} ${isAccount(about) ? nameOf(about) : about}`}
    none={a.noEntries}
    row={(entry) => <Row key={entry.seq} entry={entry} />}
    above={() => <Verification />}
  />
);

function Verification() {
  const [said, setSaid] = useState({ words: "", isWrong: false });
  const verify = () =>
    verifyAudit().then(
      ({ entries, broken_at }) =>
        setSaid(broken_at === null ? { words: a.intact(entries), isWrong: false } : { words: a.broken(broken_at), isWrong: true }),
      (error: Error) => setSaid({ words: error.message, isWrong: true }),
    );
  return (
    <div class="verification">
      <button type="button" onClick={verify}>
        {a.verify}
      </button>
      <p role="status" class={said.isWrong ? "warning" : ""}>
        {said.words}
      </p>
    </div>
  );
}

const called = (who: string): string => (isAccount(who) ? nameOf(who) : who === "@server" ? a.server : who);

function Row({ entry: { seq, at, by, action, about, details } }: { entry: Entry }) {
  const facts = Object.entries(details ?? {}).map(([name, value]) => `${name} ${value}`);
  const what = [called(by), action ?? a.erasedEntry, ...(about && about !== by ? [called(about)] : [])];
  return (
    <li>
      <small class="number">{seq}</small>
      <span class="who">
        <span dir="auto">{harmless(what.join(" – "))}</span>
        {facts.length > 0 && <small dir="auto">{harmless(facts.join(" · "))}</small>}
      </span>
      <small class="facts">
        <time dateTime={at}>{momentOf(at)}</time>
      </small>
    </li>
  );
}
