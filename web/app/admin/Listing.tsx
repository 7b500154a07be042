// A list that comes in pages, in which one looks for something, with what is said while it is empty, on its way, or missing.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import type { Page } from "../store/administering.ts";
import { useAsked } from "../ui/Asked.tsx";
import { Empty } from "../ui/Text.tsx";

const MOST = 2000; // items that are looked through

interface ListingProps<Item> {
  /** A page after an item, or the first one. */
  page(last: Item | undefined): Promise<Page<Item>>;
  /** What one may look for in an item. Without it, nothing can be looked for. */
  words?(item: Item): string;
  none: string;
  row(item: Item, again: () => void): ComponentChildren;
  /** What stands above the list; it may look again. */
  above?(again: () => void): ComponentChildren;
}

export function Listing<Item>({ page, words, none, row, above }: ListingProps<Item>) {
  const { found, change, again, fail, state } = useAsked(() => page(undefined));
  const [wanted, setWanted] = useState("");
  const more = async (upto: number) => {
    let now = found ?? { found: [], more: true };
    while (now.more && now.found.length < upto) {
      const next = await page(now.found.at(-1));
      now = { found: [...now.found, ...next.found], more: next.more };
    }
    change((since) => (since === found ? now : since));
  };
  const shown = found?.found.filter((item) => !wanted || words?.(item).toLowerCase().includes(wanted)) ?? [];
  return (
    <>
      {words && found && found.found.length > 0 && (
        <input
          type="search"
          class="find"
          aria-label={a.find}
          placeholder={a.find}
          autocomplete="off"
          onFocus={() => found.more && more(MOST).catch(fail)}
          onInput={({ currentTarget }) => setWanted(currentTarget.value.trim().toLowerCase())}
        />
      )}
      {above?.(again)}
      {state}
      {found && !found.found.length && <Empty text={none} />}
      {found && found.found.length > 0 && !shown.length && <Empty text={a.nothingFound} />}
      {shown.length > 0 && <ul class="listing">{shown.map((item) => row(item, again))}</ul>}
      {found?.more && (
        <button type="button" onClick={() => more(found.found.length + 1).catch(fail)}>
          {a.showMore}
        </button>
      )}
    </>
  );
}
