// Says that there is a newer version of the page. It never takes over by itself: somebody may be writing.

import { signal } from "@preact/signals";
import { t } from "../i18n/index.ts";
import { keepShell, reload } from "../offline/shell.ts";

const isThere = signal(false);

export const lookForNewer = (): Promise<void> =>
  keepShell(() => {
    isThere.value = true;
  });

export const Newer = () => (
  <div class="banner" role="status" hidden={!isThere.value}>
    <span>{t.newVersion}</span>
    <button type="button" onClick={reload}>
      {t.reload}
    </button>
  </div>
);
