// A field in which one writes a message: it grows, and offers what the word at the cursor may be completed to.

import type { RefObject, TargetedKeyboardEvent } from "preact";
import { useId, useLayoutEffect, useState } from "preact/hooks";
import { emojiNamed } from "../emoji/index.ts";
import { t } from "../i18n/index.ts";
import { ownEmoji } from "../store/emoji.ts";
import { Grow, isComposing } from "../ui/Grow.tsx";
import { Completion, optionId } from "./Completion.tsx";
import { type Candidate, candidatesFor } from "./candidates.ts";
import { completed, spell, type Word, wordAt } from "./word.ts";

export type Key = TargetedKeyboardEvent<HTMLTextAreaElement>;

interface FieldProps {
  field: RefObject<HTMLTextAreaElement | null>;
  room: string;
  label: string;
  placeholder?: string;
  value: string;
  /** Whether a text that begins with a slash is a command. */
  hasCommands?: boolean;
  onText(text: string): void;
  /** A key that has nothing to do with completion. */
  onKey(key: Key): void;
}

interface Offer {
  word: Word | undefined;
  chosen: number;
  /** Where a word begins that is not to be completed. */
  dismissed: number;
}

const NOTHING: Offer = { word: undefined, chosen: -1, dismissed: -1 };

export function Field({ field, room, label, placeholder, value, hasCommands, onText, onKey }: FieldProps) {
  const id = useId();
  const [offer, setOffer] = useState(NOTHING);
  const found = offer.word && offer.word.from !== offer.dismissed ? candidatesFor(offer.word, room) : [];
  const chosen = Math.min(offer.chosen, found.length - 1);
  const look = () => setOffer((before) => lookedAt(field.current, before, hasCommands ?? false));
  const take = ({ text }: Candidate) => {
    if (!field.current || !offer.word) return;
    const done = completed(field.current.value, offer.word, text);
    field.current.value = done.text;
    field.current.setSelectionRange(done.at, done.at);
    field.current.focus();
    setOffer(NOTHING);
    onText(done.text);
  };
  const press = (key: Key) => {
    const does = found.length && !isComposing(key) && doneBy(key, chosen);
    if (!does) return onKey(key);
    key.preventDefault();
    key.stopPropagation();
    if (does === "take") take(found[Math.max(chosen, 0)] as Candidate);
    else if (does === "dismiss") setOffer({ ...offer, dismissed: offer.word?.from ?? -1 });
    else setOffer({ ...offer, chosen: around(chosen + does, found.length) });
  };
  // What is sent or taken back leaves no word behind.
  useLayoutEffect(() => {
    if (!value) setOffer(NOTHING);
  }, [value]);
  const isOpen = found.length > 0;
  return (
    <div class="writing">
      {isOpen && <Completion id={id} found={found} chosen={chosen} take={take} />}
      <p class="visually-hidden" aria-live="polite">
        {isOpen && t.suggested(found.length)}
      </p>
      <Grow
        field={field}
        label={label}
        placeholder={placeholder}
        value={value}
        onText={(text) => {
          onText(text);
          look(); // after that, or the field would be drawn with the text before
          if (field.current) spell(field.current, named, onText);
        }}
        onKeyDown={press}
        more={{
          "aria-autocomplete": "list",
          "aria-controls": isOpen ? id : undefined,
          "aria-activedescendant": isOpen && chosen >= 0 ? optionId(id, chosen) : undefined,
          onKeyUp: look,
          onClick: look,
          onBlur: () => setOffer(NOTHING),
        }}
      />
    </div>
  );
}

/** The server's own emoji stay names, which messages show as pictures. */
const named = async (name: string): Promise<string | undefined> => (ownEmoji().has(name) ? undefined : emojiNamed(name));

/** What is offered after the text or the cursor has changed. */
function lookedAt(field: HTMLTextAreaElement | null, before: Offer, hasCommands: boolean): Offer {
  if (!field || document.activeElement !== field || field.selectionStart !== field.selectionEnd) return NOTHING;
  const word = wordAt(field.value, field.selectionStart);
  if (!word || (word.kind === "command" && !hasCommands)) return NOTHING;
  const isSame = word.from === before.word?.from && word.typed === before.word.typed;
  return { word, chosen: isSame ? before.chosen : -1, dismissed: before.dismissed };
}

/** What a key does with a list: take one, dismiss the list, or choose one that stands further on. Enter takes only what was chosen. */
function doneBy(key: Key, chosen: number): "take" | "dismiss" | number | undefined {
  if (key.altKey || key.ctrlKey || key.metaKey || key.shiftKey) return undefined;
  if (key.key === "Tab" || (key.key === "Enter" && chosen >= 0)) return "take";
  if (key.key === "Escape") return "dismiss";
  if (key.key === "ArrowDown") return 1;
  return key.key === "ArrowUp" ? (chosen < 0 ? 0 : -1) : undefined;
}

const around = (i: number, count: number): number => (i + count) % count;
