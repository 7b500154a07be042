// One of the page's screens: the ways in, or rooms with their messages.

import type { VNode } from "preact";
import { Entry, Gone } from "./auth/Entry.tsx";
import { Welcome } from "./auth/Welcome.tsx";
import { Help } from "./keys/Help.tsx";
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

/** What is shown in the place of the room, but not at first. */
const LATER: Record<Instead["kind"], () => Promise<() => VNode>> = {
  admin: async () => (await import("./admin/Admin.tsx")).Admin,
  search: async () => (await import("./search/Search.tsx")).Search,
  missed: async () => (await import("./missed/Missed.tsx")).Missed,
};

/** A view that is loaded when somebody opens it. */
function Later({ kind }: { kind: Instead["kind"] }) {
  const { found: View, state } = useAsked(() => loaded(LATER[kind]()));
  return View ? <View /> : <main id={kind}>{state}</main>;
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
