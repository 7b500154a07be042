// A field that is as high as what is written in it: a copy of the text, which nobody sees, gives it its height.

import type { Ref, TargetedInputEvent, TargetedKeyboardEvent, TextareaHTMLAttributes } from "preact";

interface GrowProps {
  value: string;
  onText(text: string): void;
  onKeyDown(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void;
  field?: Ref<HTMLTextAreaElement>;
  id?: string;
  label?: string;
  placeholder?: string;
  /** What else the field has: attributes, and what listens. */
  more?: TextareaHTMLAttributes<HTMLTextAreaElement>;
}

export const Grow = ({ value, onText, onKeyDown, field, id, label, placeholder, more }: GrowProps) => (
  <div class="grow" data-text={value}>
    <textarea
      {...more}
      ref={field}
      id={id}
      rows={1}
      dir="auto"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onInput={(event: TargetedInputEvent<HTMLTextAreaElement>) => onText(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  </div>
);

/** Whether a key only goes to an input method that is choosing characters. */
export const isComposing = (key: KeyboardEvent): boolean => key.isComposing || key.keyCode === 229;
