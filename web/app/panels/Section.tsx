// A part of a window that is closed until somebody wants it, and looks for what it shows only then.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { isFree } from "../ui/focus.ts";
import { Empty, Why } from "../ui/Text.tsx";

interface SectionProps<Found> {
  title: string;
  /** What it shows. */
  look(): Promise<Found>;
  show(found: Found, again: () => void): ComponentChildren;
}

export function Section<Found>({ title, look, show }: SectionProps<Found>) {
  const [found, setFound] = useState<{ of: Found }>();
  const [why, setWhy] = useState("");
  const root = useRef<HTMLDetailsElement>(null);
  const hadFocus = useRef(false);
  const again = () =>
    look().then(
      (of) => {
        hadFocus.current = root.current?.contains(document.activeElement) ?? false;
        setFound({ of });
      },
      (error: Error) => setWhy(error.message),
    );
  // What had the focus may be gone: then the part's own head has it, and one goes on from there.
  useLayoutEffect(() => {
    if (hadFocus.current && isFree(null)) root.current?.querySelector("summary")?.focus({ preventScroll: true });
    hadFocus.current = false;
  }, [found]);
  return (
    <details ref={root} class="section" onToggle={({ currentTarget }) => currentTarget.open && again()}>
      <summary>{title}</summary>
      <Why text={why} />
      {found ? show(found.of, again) : !why && <Empty text={t.looking} />}
    </details>
  );
}
