// Who is connected now: since when, how, from where, and when they were last heard; and ending a connection.

import { a } from "../i18n/admin.ts";
import { clockOf, momentOf } from "../i18n/dates.ts";
import { Person } from "../panels/Person.tsx";
import { type Connection, connections, endConnection } from "../store/administering.ts";
import { isAccount, nameOf } from "../store/names.ts";
import { say } from "../store/screen.ts";
import { harmless } from "../ui/text.ts";
import { Listing } from "./Listing.tsx";

const transportOf = (name: string): string => a.transports[name] ?? name;

export const Connections = () => (
  <Listing<Connection>
    page={(last) => connections(last?.connection)}
    words={({ by, address, transport }) => `${isAccount(by) ? nameOf(by) : by} ${address} ${transportOf(transport)}`}
    none={a.noConnections}
    row={(connection, again) => <Row key={connection.connection} of={connection} again={again} />}
    above={(again) => (
      <>
        <p class="hint">{a.connectionsMean}</p>
        <button type="button" onClick={again}>
          {a.refresh}
        </button>
      </>
    )}
  />
);

function Row({ of: { connection, by, kind, transport, address, since, heard_at }, again }: { of: Connection; again(): void }) {
  const began = momentOf(1000 * since);
  const facts = [a.holders[kind], transportOf(transport), harmless(address)];
  const times = [a.connectedSince(began), heard_at !== null && a.heardAt(clockOf(heard_at))];
  const end = () =>
    endConnection(connection).then(
      () => {
        say(a.isEnded);
        again();
      },
      (error: Error) => {
        say(error.message);
        again();
      },
    );
  return (
    <li class="connection">
      <Person who={by} />
      <span class="facts">
        <small>{facts.filter(Boolean).join(" · ")}</small>
        <small>{times.filter(Boolean).join(" · ")}</small>
      </span>
      <button type="button" aria-label={a.endConnection(harmless(nameOf(by)), began)} onClick={end}>
        {a.end}
      </button>
    </li>
  );
}
