// What brings one back to the newest message, and says how many have come meanwhile.

import { t } from "../i18n/index.ts";
import { atEnd, missed, toEnd } from "../store/window.ts";
import { Icon } from "../ui/Icon.tsx";

export const Pill = () => (
  <button id="pill" type="button" hidden={atEnd.value} onClick={toEnd}>
    {missed.value ? t.newMessages(missed.value) : t.jumpToLatest}
    <Icon name="down" />
  </button>
);
