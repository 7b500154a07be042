// The field in which one says what a picture shows, for people who can't see it.

import { t } from "../i18n/embedded.ts";
import { harmless } from "../ui/text.ts";

const LONGEST = 1000; // characters, as the server takes them

interface AltTextProps {
  /** The name of the picture. */
  name: string;
  value: string;
  onText(text: string): void;
  /** Enter was pressed. */
  onEnter(): void;
}

/** With its name above it, where nothing else shows which picture it is. */
export const NamedAltText = (props: AltTextProps) => (
  <div class="alt-of">
    <small aria-hidden="true">{t.altOf(harmless(props.name))}</small>
    <AltText {...props} />
  </div>
);

export const AltText = ({ name, value, onText, onEnter }: AltTextProps) => (
  <input
    class="alt-text"
    value={value}
    maxLength={LONGEST}
    aria-label={t.altOf(harmless(name))}
    placeholder={t.altHint}
    autocomplete="off"
    dir="auto"
    onInput={(event) => onText(event.currentTarget.value)}
    onKeyDown={(key) => {
      if (key.key !== "Enter" || key.isComposing) return;
      key.preventDefault(); // the message is not sent yet
      onEnter();
    }}
  />
);
