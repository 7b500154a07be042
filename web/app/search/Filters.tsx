// The filters of a search, as buttons: each writes what it means into the field.

import { t } from "../i18n/index.ts";
import { s } from "../i18n/search.ts";
import { titleOf } from "../store/rooms.ts";
import { type Order, seek, sought, soughtFrom } from "../store/seeking.ts";
import { session } from "../store/state.ts";
import { harmless } from "../ui/text.ts";
import { knownRooms } from "./candidates.ts";
import { dayIn, filtersOf, has, nameOfRoom, toggled, toServer, withOnly } from "./query.ts";

interface FiltersProps {
  text: string;
  write(text: string): void;
}

export const Filters = (props: FiltersProps) => (
  <div class="filters">
    <Where {...props} />
    <label class="order">
      <span class="visually-hidden">{s.order}</span>
      <select value={sought.value.order} onChange={({ currentTarget }) => seek({ order: currentTarget.value as Order })}>
        {Object.entries(s.orders).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
    <fieldset class="chips" aria-label={s.filters}>
      <Begin name="from" words={s.fromSomeone} {...props} />
      {Object.entries(s.has).map(([value, words]) => (
        <Toggle key={value} name="has" value={value} words={words} {...props} />
      ))}
      {Object.entries(s.is).map(([value, words]) => (
        <Toggle key={value} name="is" value={value} words={words} {...props} />
      ))}
      <Day name="after" {...props} />
      <Day name="before" {...props} />
    </fieldset>
  </div>
);

/** In the room from which one came, or everywhere; only accounts have an everywhere. */
function Where({ text, write }: FiltersProps) {
  const rooms = knownRooms();
  const room = soughtFrom.value;
  const isHere = has(toServer(text, rooms), "in", room);
  const isSomewhere = filtersOf(text).some(({ name }) => name === "in");
  return (
    <fieldset class="where" aria-label={s.where}>
      <button type="button" aria-pressed={isHere} onClick={() => write(withOnly(text, "in", nameOfRoom(room, rooms)))}>
        {s.inThisRoom(harmless(titleOf(room)) || t.room)}
      </button>
      {session.value?.account && (
        <button type="button" aria-pressed={!isSomewhere} onClick={() => write(`${withOnly(text, "in", undefined)} `.trimStart())}>
          {s.everywhere}
        </button>
      )}
      {session.value?.account && <Begin name="in" words={s.inARoom} text={text} write={write} />}
    </fieldset>
  );
}

interface ChipProps extends FiltersProps {
  name: string;
  words: string;
}

/** Begins a filter, which is completed in the field. */
const Begin = ({ name, words, text, write }: ChipProps) => (
  <button type="button" onClick={() => write(`${text.trimEnd()} ${name}:`.trimStart())}>
    {words}
  </button>
);

const Toggle = ({ name, value, words, text, write }: ChipProps & { value: string }) => (
  <button type="button" aria-pressed={has(text, name, value)} onClick={() => write(toggled(text, name, value))}>
    {words}
  </button>
);

const Day = ({ name, text, write }: FiltersProps & { name: "after" | "before" }) => (
  <label>
    {s[name]}
    <input
      type="date"
      value={dayIn(filtersOf(text).find((part) => part.name === name)?.value ?? "")}
      onChange={({ currentTarget }) => write(withOnly(text, name, currentTarget.value || undefined))}
    />
  </label>
);
