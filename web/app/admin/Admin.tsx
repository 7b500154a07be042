// The admin page: what owners and admins see of the server, and do about it. It is loaded when it is opened.

import "./admin.css";
import type { FunctionComponent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import { t } from "../i18n/index.ts";
import { Menu } from "../panels/Menu.tsx";
import { adminPart, isAdmin, openAdmin, PARTS, type Part } from "../store/admin.ts";
import { session } from "../store/state.ts";
import { Empty } from "../ui/Text.tsx";
import { Audit } from "./Audit.tsx";
import { Connections } from "./Connections.tsx";
import { OwnEmoji } from "./Emoji.tsx";
import { Figures } from "./Figures.tsx";
import { Files } from "./Files.tsx";
import { Invites } from "./Invites.tsx";
import { People } from "./People.tsx";
import { Rooms } from "./Rooms.tsx";
import { Settings } from "./Settings.tsx";

const VIEWS: Record<Part, FunctionComponent> = {
  people: People,
  connections: Connections,
  rooms: Rooms,
  invites: Invites,
  emoji: OwnEmoji,
  files: Files,
  figures: Figures,
  settings: Settings,
  audit: Audit,
};

export function Admin() {
  const part = adminPart.value ?? "people";
  const account = session.value?.account;
  const isAllowed = isAdmin(account?.role);
  const View = VIEWS[part];
  return (
    <main id="admin">
      <header>
        <Menu />
        <h1 id="title">{t.administration}</h1>
      </header>
      {isAllowed && <Parts part={part} />}
      <section
        class="part"
        aria-label={a.tabs[part]}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
        tabIndex={0}
      >
        {isAllowed ? <View key={part} /> : <Empty text={account?.hasStarted ? a.notForYou : t.loading} />}
      </section>
    </main>
  );
}

function Parts({ part }: { part: Part }) {
  const nav = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const show = () => nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const resized = new ResizeObserver(show); // which it says at first, too
    if (nav.current) resized.observe(nav.current);
    return () => resized.disconnect();
  }, [part]);
  return (
    <nav ref={nav} class="parts" aria-label={t.administration}>
      {PARTS.map((each) => (
        <button key={each} type="button" class="quiet" aria-current={each === part ? "page" : undefined} onClick={() => openAdmin(each)}>
          {a.tabs[each]}
        </button>
      ))}
    </nav>
  );
}
