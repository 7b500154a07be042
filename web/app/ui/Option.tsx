// One of the things that a field offers, in a list whose keys are those of the field: the focus stays there.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface OptionProps {
  id: string;
  isChosen: boolean;
  take(): void;
  children: ComponentChildren;
}

export function Option({ id, isChosen, take, children }: OptionProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isChosen) ref.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field, which has the focus
    <div
      ref={ref}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      onPointerDown={(event) => event.preventDefault()} // the focus stays in the field
      onClick={take}
    >
      {children}
    </div>
  );
}
