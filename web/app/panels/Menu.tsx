// Where the list of rooms is not beside what is shown: the button that opens it, with a dot if anything in it is new.

import { t } from "../i18n/index.ts";
import { menuOpen } from "../store/screen.ts";
import { unread } from "../store/unread.ts";
import { Icon } from "../ui/Icon.tsx";

export const Menu = () => (
  <button
    id="menu"
    class="icon-button"
    type="button"
    aria-label={t.rooms}
    aria-controls="sidebar"
    aria-expanded={menuOpen.value}
    onClick={() => {
      menuOpen.value = true;
    }}
  >
    <Icon name="menu" />
    {unread().any && <span class="dot" />}
  </button>
);
