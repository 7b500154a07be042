// What is searched for: the field, and the filters, which write into it.

import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Completion, optionId } from "../composer/Completion.tsx";
import type { Candidate } from "../composer/candidates.ts";
import { t } from "../i18n/index.ts";
import { s } from "../i18n/search.ts";
import { findAgain, found, left } from "../store/finding.ts";
import { used } from "../store/recent.ts";
import { askedAgain, seek, sought } from "../store/seeking.ts";
import { session } from "../store/state.ts";
import { IconButton } from "../ui/Icon.tsx";
import { Why } from "../ui/Text.tsx";
import { candidatesFor, isBegun, knownRooms } from "./candidates.ts";
import { Filters } from "./Filters.tsx";
import { filterAt, isNothing, type Part, soFar, toField, toServer } from "./query.ts";

const PAUSE = 250; // milliseconds without a key before one searches
const LONGEST = 500; // characters

export function Asked({ toResults }: { toResults(): void }) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useText(() => {
    const word = filterIn(field.current);
    return word && isBegun(word) ? word : undefined;
  });
  const [filter, setFilter] = useState<Part>();
  const [chosen, setChosen] = useState(-1);
  const offered = filter ? candidatesFor(filter) : [];
  const at = Math.min(chosen, offered.length - 1);
  const { state, why } = found.value;
  useLayoutEffect(() => {
    const comesBack = left.key && found.peek().query === sought.peek().query; // to what was found
    if (!comesBack) field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  useLayoutEffect(() => {
    if (askedAgain.value) field.current?.select();
    if (askedAgain.value) field.current?.focus();
  }, [askedAgain.value]);
  const look = () => {
    const word = filterIn(field.current);
    if (word?.from !== filter?.from || word?.value !== filter?.value) setChosen(-1);
    setFilter(word);
  };
  const write = (next: string, cursor = next.length) => {
    if (!field.current) return;
    field.current.value = next;
    field.current.focus();
    field.current.setSelectionRange(cursor, cursor);
    setText(next);
    look();
  };
  const take = ({ text: value }: Candidate) => {
    if (!filter) return;
    const before = `${text.slice(0, filter.from)}${filter.name}:${/\s/.test(value) ? `"${value}"` : value} `;
    write(before + text.slice(filter.to).trimStart(), before.length);
    setFilter(undefined);
  };
  const enter = () => {
    const { query, state, hits } = found.peek();
    const isFound = state === "found" && query === asked(text);
    setText(text, true);
    if (isFound && hits.length) toResults();
    else if (isFound) findAgain(); // there may be something by now
  };
  const press = (key: TargetedKeyboardEvent<HTMLInputElement>) => {
    if (key.isComposing || key.altKey || key.ctrlKey || key.metaKey) return;
    const done = offered.length ? pressOffered(key.key, at) : undefined;
    if (done === "take") take(offered[Math.max(at, 0)] as Candidate);
    else if (done === "dismiss") setFilter(undefined);
    else if (done !== undefined) setChosen((at + done + offered.length) % offered.length);
    else if (key.key === "ArrowDown") toResults();
    else if (key.key !== "Enter") return;
    else enter();
    key.preventDefault();
  };
  const isOpen = offered.length > 0;
  return (
    <search class="asked">
      <div class="query">
        <input
          id="query"
          ref={field}
          type="text"
          role="combobox"
          inputMode="search"
          enterKeyHint="search"
          autocomplete="off"
          spellcheck={false}
          dir="auto"
          maxLength={LONGEST}
          aria-label={s.label}
          placeholder={s.placeholder}
          value={text}
          aria-autocomplete="list"
          aria-expanded={isOpen}
          aria-controls="query-offers"
          aria-activedescendant={isOpen && at >= 0 ? optionId("query-offers", at) : undefined}
          aria-invalid={state === "refused"}
          aria-describedby="query-why"
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
            look();
          }}
          onKeyDown={press}
          onKeyUp={look}
          onClick={look}
          onBlur={() => setFilter(undefined)}
        />
        {text && <IconButton name="close" label={s.clear} onClick={() => write("")} />}
        {isOpen && <Completion id="query-offers" found={offered} chosen={at} take={take} />}
      </div>
      <div id="query-why">
        <Why text={state === "refused" ? `${why}.` : ""} />
      </div>
      <p class="visually-hidden" aria-live="polite">
        {isOpen && t.suggested(offered.length)}
      </p>
      <Filters text={text} write={write} />
    </search>
  );
}

/** The filter that is being written, if one is in the field. */
const filterIn = (field: HTMLInputElement | null): Part | undefined =>
  field && field === document.activeElement ? filterAt(field.value, field.selectionStart ?? 0) : undefined;

/** What is searched for by a text, as the server reads it. */
const asked = (text: string, begun?: Part): string => toServer(soFar(text, begun), knownRooms()).trim();

/** The text in the field. What is typed is searched for after a pause, without a filter that has only begun, or now; another search changes it. */
function useText(begun: () => Part | undefined): [string, (text: string, isNow?: boolean) => void] {
  const [text, set] = useState(() => toField(sought.peek().query, knownRooms()));
  const timer = useRef<number | undefined>(undefined);
  const { query } = sought.value;
  const hasStarted = session.value?.account?.hasStarted;
  const own = useRef(query); // what is searched for by the text
  const ask = (next: string) => {
    own.current = next;
    if (next !== sought.peek().query) seek({ query: next });
  };
  useLayoutEffect(() => {
    const clean = asked(query);
    if (clean !== query.trim())
      seek({ query: clean }); // a command has titles in it
    else if (own.current.trim() !== clean) set(toField(query, knownRooms()));
    own.current = query;
  }, [query]);
  useLayoutEffect(() => set(toField(query, knownRooms())), [hasStarted]); // what rooms are called
  useEffect(() => () => clearTimeout(timer.current), []);
  return [
    text,
    (typed, isNow) => {
      clearTimeout(timer.current);
      set(typed);
      if (isNow && !isNothing(typed)) used("searches", typed.trim());
      if (isNow) ask(asked(typed));
      else timer.current = setTimeout(() => ask(asked(typed, begun())), PAUSE);
    },
  ];
}

/** What a key does with what a filter may be completed to. */
function pressOffered(key: string, at: number): "take" | "dismiss" | number | undefined {
  if (key === "Tab" || (key === "Enter" && at >= 0)) return "take";
  if (key === "Escape") return "dismiss";
  if (key === "ArrowDown") return 1;
  return key === "ArrowUp" ? (at < 0 ? 0 : -1) : undefined;
}
