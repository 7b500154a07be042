// Searching messages: the field and its filters, and what was found. It stands where the room does, and is loaded when it is opened.

import "../timeline/hit.css";
import "./search.css";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { InPlace } from "../panels/InPlace.tsx";
import { roomOf } from "../store/address.ts";
import { find, findAgain, findNothing, found, type Hit, left, refresh } from "../store/finding.ts";
import { lookForRooms } from "../store/rooms.ts";
import { closeSearch, sought } from "../store/seeking.ts";
import { connection, session } from "../store/state.ts";
import { useSoon } from "../ui/useSoon.ts";
import { Asked } from "./Asked.tsx";
import { complete, inLocalTime, isNothing } from "./query.ts";
import { Results } from "./Results.tsx";

const NONE: readonly Hit[] = [];
const SOON = 2000; // milliseconds after something has happened in a room; by then it is indexed

export function Search() {
  const root = useRef<HTMLElement>(null);
  useSearching();
  return (
    <InPlace id="search" title={t.search} root={root} close={closeSearch}>
      <Asked toResults={() => root.current?.querySelector<HTMLElement>(".hit a")?.focus()} />
      <Results focusField={() => root.current?.querySelector<HTMLElement>("#query")?.focus()} />
    </InPlace>
  );
}

/** Search for what is sought, again when there is a connection, and when one has come to be in other rooms. */
function useSearching(): void {
  const account = session.value?.account;
  const { query, order } = sought.value;
  const isConnected = connection.value.state === "connected";
  const rooms = [...(account?.rooms.keys() ?? [])].sort().join(" ");
  const known = useRef(rooms);
  useLayoutEffect(() => {
    if (isNothing(query)) findNothing();
    else find({ query, order, asked: inLocalTime(complete(query)) });
  }, [query, order]);
  useLayoutEffect(() => {
    if (isConnected && found.peek().state === "waiting") findAgain();
  }, [isConnected]);
  useLayoutEffect(() => {
    const wasKnown = known.current !== "";
    known.current = rooms;
    if (wasKnown && found.peek().hits.length) findAgain();
  }, [rooms]);
  const { hits } = found.value;
  const heads = hits.map(({ room }) => account?.row(roomOf(room))?.head).join(" ");
  const shown = useRef(NONE);
  const refreshSoon = useSoon(SOON, refresh);
  useLayoutEffect(() => {
    const hasChanged = hits.length > 0 && shown.current === hits; // in their rooms, something has happened
    shown.current = hits;
    if (hasChanged) refreshSoon();
  }, [heads, hits]);
  useLayoutEffect(() => {
    lookForRooms(); // whose titles are in queries and results
    if (!isNothing(query) && found.peek().state === "found" && left.key) findAgain(); // something may have changed since
  }, []);
}
