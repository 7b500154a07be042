// A part of a window that is closed until somebody wants it, and looks for what it shows only then.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
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
  const again = () =>
    look().then(
      (of) => setFound({ of }),
      (error: Error) => setWhy(error.message),
    );
  return (
    <details class="section" onToggle={({ currentTarget }) => currentTarget.open && again()}>
      <summary>{title}</summary>
      <Why text={why} />
      {found ? show(found.of, again) : !why && <Empty text={t.looking} />}
    </details>
  );
}
