// People to be found by name or handle.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { nameOf, personOf } from "../store/names.ts";
import { Empty } from "../ui/Text.tsx";

interface FinderProps {
  people: string[];
  /** What is said if there are none at all. */
  none: string;
  /** What stands for each. */
  row(key: string): ComponentChildren;
}

export function Finder({ people, none, row }: FinderProps) {
  const [wanted, setWanted] = useState("");
  const words = (key: string) => `${nameOf(key)} ${personOf(key)?.handle ?? ""}`.toLowerCase();
  if (!people.length) return <Empty text={none} />;
  const isFound = (key: string) => words(key).includes(wanted.trim().toLowerCase());
  return (
    <>
      <div class="field">
        <label for="find-people">{t.findPeople}</label>
        <input
          id="find-people"
          type="search"
          autocomplete="off"
          autofocus
          onInput={({ currentTarget }) => setWanted(currentTarget.value)}
        />
      </div>
      <ul class="people">
        {people.map((key) => (
          <li key={key} hidden={!isFound(key)}>
            {row(key)}
          </li>
        ))}
      </ul>
      {!people.some(isFound) && <Empty text={t.nobodyFound} />}
    </>
  );
}
