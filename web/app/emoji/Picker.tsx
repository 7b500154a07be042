// biome-ignore-all lint/a11y/useSemanticElements: the rows of a table could not be left undrawn while they are out of sight
// biome-ignore-all lint/a11y/useFocusableInteractive: cells have the focus, not rows

// All emoji in a grid, by groups: those that were used last, the server's own, and those of Unicode.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { ownEmoji } from "../store/emoji.ts";
import { chooseTone, recent, skinTone, used } from "../store/recent.ts";
import { ranked } from "../ui/rank.ts";
import { Empty } from "../ui/Text.tsx";
import { findEmoji } from "./find.ts";
import { type Cell, placed, type Section, stepped } from "./grid.ts";
import { allEmoji, type Emoji } from "./index.ts";
import type { PickerProps } from "./open.tsx";
import { TONES, toned, untoned } from "./tones.ts";

const MOST_FOUND = 90;
const MOST_RECENT = 18;
const COLUMNS = matchMedia("(pointer: coarse)").matches ? 7 : 9;

const cellOf = ({ text, label, names }: Emoji): Cell => ({ text, label, title: `${label} :${names[0]}:` });
const ownCell = ([name, src]: [string, string]): Cell => ({ text: `:${name}:`, label: `:${name}:`, title: `:${name}:`, src });

/** What is shown: what was found, or everything. */
function sectionsFor(wanted: string, lately: readonly string[]): Section[] {
  const own = [...ownEmoji()];
  const all = allEmoji();
  if (wanted.trim()) {
    const name = wanted.trim().replaceAll(":", "");
    const found = [...ranked(own, name, ([each]) => [each]).map(ownCell), ...findEmoji(all, name, MOST_FOUND, lately).map(cellOf)];
    return [{ title: t.found, cells: found }];
  }
  const cells = new Map([...own.map(ownCell), ...all.map(cellOf)].map((cell) => [untoned(cell.text), cell]));
  const groups = t.emojiGroups.map((title, group) => ({ title, cells: all.filter((each) => each.group === group).map(cellOf) }));
  return [
    { title: t.usedLately, cells: [...new Set(lately.flatMap((text) => cells.get(untoned(text)) ?? []))].slice(0, MOST_RECENT) },
    { title: t.ofThisServer, cells: own.map(ownCell) },
    ...groups,
  ].filter(({ cells }) => cells.length);
}

export function Picker({ choose }: PickerProps) {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState({ row: 0, column: 0 });
  const [lately] = useState(() => recent("emoji"));
  const root = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const sections = placed(sectionsFor(wanted, lately), COLUMNS);
  const rows = sections.flatMap((section) => section.rows);
  const take = ({ text }: Cell) => {
    used("emoji", text);
    choose(text);
  };
  const move = (key: KeyboardEvent) => {
    const next = stepped(key, at, rows, t.direction === "rtl");
    if (!next) return;
    key.preventDefault();
    if (next === "out") search.current?.focus();
    else {
      setAt(next);
      root.current?.querySelector<HTMLElement>(`[data-at="${next.row}-${next.column}"]`)?.focus();
    }
  };
  useLayoutEffect(() => search.current?.focus(), []);
  return (
    <div class="picker" ref={root}>
      <input
        ref={search}
        type="search"
        aria-label={t.findEmoji}
        placeholder={t.findEmoji}
        autocomplete="off"
        onInput={({ currentTarget }) => {
          setWanted(currentTarget.value);
          setAt({ row: 0, column: 0 });
        }}
        onKeyDown={(key) => {
          const [first] = rows[0]?.cells ?? [];
          if (key.key === "ArrowDown" && first) {
            key.preventDefault();
            root.current?.querySelector<HTMLElement>('[data-at="0-0"]')?.focus();
          } else if (key.key === "Enter" && wanted.trim() && first && !key.isComposing) {
            key.preventDefault(); // or it would press what has the focus once the window is gone
            take(first);
          }
        }}
      />
      <div class="all" role="grid" aria-label={t.emoji} onKeyDown={move}>
        {sections.map((section) => (
          <Group key={section.title} section={section} at={at} take={take} />
        ))}
      </div>
      {!rows.length && <Empty text={allEmoji().length ? t.noEmojiFound : t.loading} />}
      <p class="visually-hidden" aria-live="polite">
        {wanted.trim() && rows.length > 0 && t.foundEmoji(sections[0]?.cells.length ?? 0)}
      </p>
      <Tones />
    </div>
  );
}

/** The skin tone of all emoji that have one. */
const Tones = () => (
  <fieldset class="tones">
    <legend class="visually-hidden">{t.skinTone}</legend>
    {["", ...TONES].map((tone, i) => (
      <label key={tone} title={t.skinTones[i]}>
        <input
          type="radio"
          name="tone"
          class="visually-hidden"
          aria-label={t.skinTones[i]}
          checked={tone === skinTone.value}
          onChange={() => chooseTone(tone)}
        />
        <span aria-hidden="true">{toned("✋", tone)}</span>
      </label>
    ))}
  </fieldset>
);

interface GroupProps {
  section: ReturnType<typeof placed>[number];
  at: { row: number; column: number };
  take(cell: Cell): void;
}

const Group = ({ section, at, take }: GroupProps) => (
  <div class="group" role="rowgroup" aria-label={section.title}>
    <div class="heading" aria-hidden="true">
      {section.title}
    </div>
    {section.rows.map(({ row, cells }) => (
      <div key={row} class="cells" role="row">
        {cells.map((cell, column) => (
          <button
            key={cell.text}
            type="button"
            role="gridcell"
            data-at={`${row}-${column}`}
            tabIndex={row === at.row && column === at.column ? 0 : -1}
            aria-label={cell.label}
            title={cell.title}
            onClick={() => take(cell)}
          >
            {cell.src ? <img class="emoji" src={cell.src} alt="" loading="lazy" /> : cell.text}
          </button>
        ))}
      </div>
    ))}
  </div>
);
