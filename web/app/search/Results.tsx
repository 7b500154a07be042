// What was found, the newest first or the best, and what is said where nothing is.

import { useLayoutEffect, useRef } from "preact/hooks";
import { momentOf } from "../i18n/dates.ts";
import { t } from "../i18n/index.ts";
import { s } from "../i18n/search.ts";
import { type Found, findAgain, findMore, found, keyOf, left, shownOf } from "../store/finding.ts";
import { recent, used } from "../store/recent.ts";
import { seek, sought } from "../store/seeking.ts";
import { session } from "../store/state.ts";
import { harmless } from "../ui/text.ts";
import { knownRooms } from "./candidates.ts";
import { HitRow } from "./HitRow.tsx";
import { filtersOf, toField, toServer, withOnly, written } from "./query.ts";

const FRESH = 3 * 60_000; // milliseconds; an index is never quite up to date
const MOST_RECENT = 5;

export function Results({ focusField }: { focusField(): void }) {
  const scroller = useRef<HTMLElement>(null);
  const now = found.value;
  const hits = now.state === "refused" ? [] : shownOf(now);
  useLayoutEffect(() => {
    const link = [...(scroller.current?.querySelectorAll<HTMLElement>(".hit") ?? [])].find((each) => each.dataset.key === left.key);
    if (!scroller.current || !link) return;
    scroller.current.scrollTop = left.scrolled;
    link.querySelector("a")?.focus({ preventScroll: true });
    left.key = "";
  }, []);
  const before = useRef(now);
  useLayoutEffect(() => {
    const isOther = before.current.query !== now.query || before.current.order !== now.order;
    before.current = now;
    if (isOther && scroller.current) scroller.current.scrollTop = 0;
  }, [now]);
  return (
    <section
      class="results"
      ref={scroller}
      aria-label={s.results}
      aria-busy={now.state === "asking"}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
      tabIndex={0}
      onKeyDown={(key) => go(key, focusField)}
    >
      <p class="said-of-results" role="status">
        {wordsOf(now, hits.length)}
      </p>
      <p class="hint" role="status" dir="auto">
        {now.state === "found" && harmless(now.hint)}
      </p>
      {now.state === "waiting" && (
        <p class="banner">
          <span>{s.offline}</span>
          <button type="button" onClick={findAgain}>
            {t.tryAgain}
          </button>
        </p>
      )}
      <ol class={now.state === "asking" ? "hits old" : "hits"}>
        {hits.map((hit) => (
          <HitRow key={keyOf(hit)} hit={hit} titles={now.titles} leave={() => leaveAt(scroller.current, keyOf(hit))} />
        ))}
      </ol>
      {!hits.length && <Nothing now={now} />}
      {now.next && hits.length > 0 && (
        <button
          type="button"
          class="quiet more"
          aria-disabled={now.state === "asking"}
          onClick={() => now.state !== "asking" && findMore()}
        >
          {now.state === "asking" ? s.searching : s.more}
        </button>
      )}
    </section>
  );
}

/** Remember where one was, for when one comes back. */
function leaveAt(scroller: HTMLElement | null, key: string): void {
  used("searches", toField(sought.peek().query, knownRooms()).trim());
  left.key = key;
  left.scrolled = scroller?.scrollTop ?? 0;
}

/** The arrow keys go from one message to the next, and from the first one to the field. */
function go(key: KeyboardEvent & { currentTarget: HTMLElement }, focusField: () => void): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
  const isElsewhere = key.target instanceof Element && key.target.closest("audio, video, pre") !== null;
  if (!step || isElsewhere || key.altKey || key.ctrlKey || key.metaKey) return;
  const links = [...key.currentTarget.querySelectorAll<HTMLElement>(".hit .place")];
  const row = document.activeElement?.closest(".hit");
  const at = links.findIndex((link) => row?.contains(link));
  key.preventDefault();
  if (at < 0 && step < 0) focusField();
  else if (at === 0 && step < 0) focusField();
  else links[Math.min(at + step, links.length - 1)]?.focus();
}

/** What is said of the results, also aloud. */
function wordsOf({ state, next, indexedTo }: Found, n: number): string {
  if (state === "asking") return s.searching;
  if (state !== "found" || (!n && !next)) return state === "found" ? s.nothingFound : "";
  const index = lackOf(indexedTo);
  return s.found(n, next !== undefined) + (index && ` · ${index}`);
}

/** What the server can't find yet. */
function lackOf(indexedTo: string | null): string {
  if (indexedTo === null) return s.indexing;
  return Date.now() - Date.parse(indexedTo) < FRESH ? "" : s.indexedTo(momentOf(indexedTo));
}

/** What stands for results where there are none. */
function Nothing({ now }: { now: Found }) {
  if (now.state === "asking") {
    return (
      <div class="skeleton" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
    );
  }
  if (now.state === "nothing") return <Beginning />;
  return now.state === "found" ? <Tips indexedTo={now.indexedTo} /> : null;
}

/** What one can search for, and what one has searched for lately. */
function Beginning() {
  const lately = recent("searches").slice(0, MOST_RECENT);
  const where = filtersOf(sought.value.query).find(({ name }) => name === "in");
  const take = (query: string) => seek({ query: where ? `${written("in", where.value)} ${query}` : query });
  return (
    <div class="beginning">
      {lately.length > 0 && (
        <>
          <h2>{s.recent}</h2>
          <ul>
            {lately.map((query) => (
              <li key={query}>
                <button type="button" class="quiet" dir="auto" onClick={() => seek({ query: toServer(query, knownRooms()) })}>
                  {harmless(query)}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>{s.begin}</h2>
      <dl>
        {s.examples.map(([query, means]) => (
          <div key={query}>
            <dt>
              <button type="button" onClick={() => take(query)}>
                <code>{query}</code>
              </button>
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What may help where nothing was found. */
function Tips({ indexedTo }: { indexedTo: string | null }) {
  const { query } = sought.value;
  const filters = filtersOf(query);
  const rest = filters.reduce((left, { name }) => withOnly(left, name, undefined), query);
  const isSomewhere = filters.some(({ name }) => name === "in");
  return (
    <div class="beginning">
      {lackOf(indexedTo) && <p>{lackOf(indexedTo)}</p>}
      <ul class="tips">
        {s.tips.map((tip) => (
          <li key={tip}>{tip}</li>
        ))}
      </ul>
      {isSomewhere && session.value?.account && (
        <button type="button" class="primary" onClick={() => seek({ query: withOnly(query, "in", undefined).trim() })}>
          {s.searchEverywhere}
        </button>
      )}
      {filters.some(({ name }) => name !== "in") && rest.trim() && (
        <button type="button" onClick={() => seek({ query: rest.trim() })}>
          {s.withoutFilters}
        </button>
      )}
    </div>
  );
}
