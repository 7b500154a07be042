// What stands where the room does, with a head of its own: a search, what one has missed, and whatever is still being loaded.

import "./in-place.css";
import type { ComponentChildren, RefObject } from "preact";
import { t } from "../i18n/index.ts";
import { IconButton } from "../ui/Icon.tsx";
import { Menu } from "./Menu.tsx";

interface InPlaceProps {
  id: string;
  title: string;
  root?: RefObject<HTMLElement | null>;
  close?(): void;
  children: ComponentChildren;
}

export const InPlace = ({ id, title, root, close, children }: InPlaceProps) => (
  <main id={id} class="in-place" ref={root}>
    <header>
      <Menu />
      <h1 id="title">{title}</h1>
      {close && <IconButton name="close" label={t.close} onClick={close} />}
    </header>
    {children}
  </main>
);
