// What brings one back to the newest message, and says how many have come meanwhile.

import { t } from "../i18n/index.ts";
import type { Pane } from "../store/window.ts";
import { Icon } from "../ui/Icon.tsx";

export const Pill = ({ pane, id }: { pane: Pane; id?: string }) => (
  <button id={id} class="pill" type="button" hidden={pane.atEnd.value} onClick={() => pane.toEnd()}>
    {pane.missed.value ? t.newMessages(pane.missed.value) : t.jumpToLatest}
    <Icon name="down" />
  </button>
);
