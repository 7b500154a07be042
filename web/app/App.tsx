// One of the page's screens: the ways in, or rooms with their messages.

import type { VNode } from "preact";
import { Entry, Gone } from "./auth/Entry.tsx";
import { Welcome } from "./auth/Welcome.tsx";
import { t } from "./i18n/index.ts";
import { Help } from "./keys/Help.tsx";
import { InPlace } from "./panels/InPlace.tsx";
import { Panel } from "./panels/Panel.tsx";
import { Room } from "./panels/Room.tsx";
import { Sidebar } from "./sidebar/Sidebar.tsx";
import { Switcher } from "./sidebar/Switcher.tsx";
import { type Instead, instead } from "./store/instead.ts";
import { panel } from "./store/panel.ts";
import { isDense, menuOpen, said, screen } from "./store/screen.ts";
import { openWindow } from "./store/windows.ts";
import { loaded, useAsked } from "./ui/Asked.tsx";
import { Dialogs } from "./ui/Dialog.tsx";

const Messenger = () => (
  <div id="app" class={[menuOpen.value && "menu-open", panel.value && "with-panel", isDense.value && "dense"].filter(Boolean).join(" ")}>
    <Sidebar />
    {instead.value ? (
      <Later key={instead.value.kind} kind={instead.value.kind} />
    ) : (
      <>
        <Room />
        <Panel />
      </>
    )}
    {openWindow.value === "switcher" && <Switcher />}
    {openWindow.value === "help" && <Help />}
  </div>
);

interface LaterView {
  title: string;
  load(): Promise<() => VNode>;
}

/** What is shown in the place of the room, but not at first. */
const LATER: Record<Instead["kind"], LaterView> = {
  admin: { title: t.administration, load: async () => (await import("./admin/Admin.tsx")).Admin },
  search: { title: t.search, load: async () => (await import("./search/Search.tsx")).Search },
  missed: { title: t.whatYouMissed, load: async () => (await import("./missed/Missed.tsx")).Missed },
};

/** A view that is loaded when somebody opens it: until then, its head alone. */
function Later({ kind }: { kind: Instead["kind"] }) {
  const { title, load } = LATER[kind];
  const { found: View, state } = useAsked(() => loaded(load()));
  return View ? (
    <View />
  ) : (
    <InPlace id={kind} title={title}>
      <div class="later">{state}</div>
    </InPlace>
  );
}

/** What is said for a moment. */
const Toast = () => (
  <div id="toast" role="alert" hidden={!said.value}>
    {said.value}
  </div>
);

function Screen() {
  const shown = screen.value;
  if (shown.kind === "app") return <Messenger />;
  if (shown.kind === "welcome") return <Welcome screen={shown} />;
  if (shown.kind === "entry") return <Entry screen={shown} />;
  return shown.kind === "gone" ? <Gone why={shown.why} /> : null;
}

export const App = () => (
  <>
    <Screen />
    <Dialogs />
    <Toast />
  </>
);
