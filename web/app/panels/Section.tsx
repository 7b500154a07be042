// A part of a window that is closed until somebody wants it, and looks for what it shows only then.

import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAsked } from "../ui/Asked.tsx";
import { isFree } from "../ui/focus.ts";

interface SectionProps<Found> {
  title: string;
  /** What it shows. */
  look(): Promise<Found>;
  show(found: Found, again: () => void): ComponentChildren;
}

export function Section<Found>({ title, ...found }: SectionProps<Found>) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDetailsElement>(null);
  return (
    <details ref={root} class="section" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && <Inside {...found} root={root} />}
    </details>
  );
}

type InsideProps<Found> = Omit<SectionProps<Found>, "title"> & { root: RefObject<HTMLDetailsElement | null> };

function Inside<Found>({ look, show, root }: InsideProps<Found>) {
  const hadFocus = useRef(false);
  const { found, again, state } = useAsked(async () => {
    const came = await look();
    hadFocus.current = root.current?.contains(document.activeElement) ?? false;
    return came;
  });
  // What had the focus may be gone: then the part's own head has it, and one goes on from there.
  useLayoutEffect(() => {
    if (hadFocus.current && isFree(null)) root.current?.querySelector("summary")?.focus({ preventScroll: true });
    hadFocus.current = false;
  }, [found]);
  return (
    <>
      {state}
      {found !== undefined && show(found, again)}
    </>
  );
}
