// One of the page's screens: the ways in, or rooms with their messages.

import type { VNode } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { Entry, Gone } from "./auth/Entry.tsx";
import { Welcome } from "./auth/Welcome.tsx";
import { t } from "./i18n/index.ts";
import { Help } from "./keys/Help.tsx";
import { Panel } from "./panels/Panel.tsx";
import { Room } from "./panels/Room.tsx";
import { Sidebar } from "./sidebar/Sidebar.tsx";
import { Switcher } from "./sidebar/Switcher.tsx";
import { adminPart } from "./store/admin.ts";
import { panel } from "./store/panel.ts";
import { isDense, menuOpen, said, screen } from "./store/screen.ts";
import { openWindow } from "./store/windows.ts";
import { Dialogs } from "./ui/Dialog.tsx";
import { Empty, Why } from "./ui/Text.tsx";

const Messenger = () => (
  <div id="app" class={[menuOpen.value && "menu-open", panel.value && "with-panel", isDense.value && "dense"].filter(Boolean).join(" ")}>
    <Sidebar />
    {adminPart.value ? (
      <Administration />
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

/** The admin page, which few ever open, is loaded when somebody does. */
function Administration() {
  const [View, setView] = useState<() => VNode>();
  const [why, setWhy] = useState("");
  useLayoutEffect(() => {
    import("./admin/Admin.tsx").then(
      ({ Admin }) => setView(() => Admin),
      () => setWhy(t.noServer),
    );
  }, []);
  return View ? <View /> : <main id="admin">{why ? <Why text={why} /> : <Empty text={t.loading} />}</main>;
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
