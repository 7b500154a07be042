// What is shown beside the messages: a thread, what is pinned or saved, or the room itself.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { closePanel, panel } from "../store/panel.ts";
import { titleOf } from "../store/rooms.ts";
import { useFocusBack } from "../ui/focus.ts";
import { IconButton } from "../ui/Icon.tsx";
import { harmless } from "../ui/text.ts";
import { AboutRoom } from "./AboutRoom.tsx";
import { Pins } from "./Pins.tsx";
import { Saved } from "./Saved.tsx";
import { Thread } from "./Thread.tsx";

export function Panel() {
  const shown = panel.value;
  if (!shown) return null;
  if (shown.kind === "pins") {
    return (
      <Side title={t.pinnedMessages}>
        <Pins room={shown.room} />
      </Side>
    );
  }
  if (shown.kind === "about") {
    return (
      <Side key={shown.room} title={harmless(titleOf(shown.room))}>
        <AboutRoom room={shown.room} />
      </Side>
    );
  }
  if (shown.kind === "saved") {
    return (
      <Side key="saved" title={t.savedMessages}>
        <Saved />
      </Side>
    );
  }
  return (
    <Side key={shown.thread} title={t.thread}>
      <Thread {...shown} />
    </Side>
  );
}

function Side({ title, children }: { title: string; children: ComponentChildren }) {
  const ref = useRef<HTMLElement>(null);
  useFocusBack(ref, (side) => {
    if (!side.contains(document.activeElement)) side.querySelector("button")?.focus(); // unless something in it took the focus
  });
  return (
    <aside
      id="panel"
      ref={ref}
      aria-label={title}
      onKeyDown={(key) => {
        if (key.key === "Escape" && !key.defaultPrevented) closePanel();
      }}
    >
      <header>
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <IconButton name="close" label={t.close} onClick={closePanel} />
      </header>
      {children}
    </aside>
  );
}
