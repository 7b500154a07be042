// The files of a message that is being written in an embedded room. It is loaded once somebody attaches one.

import { useLayoutEffect, useRef } from "preact/hooks";
import { Attached } from "../composer/Attached.tsx";
import styles from "../composer/attached.css?inline";
import { t } from "../i18n/index.ts";
import type { EmbeddedFiles } from "../store/embedded_files.ts";
import { Why } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

export { EmbeddedFiles } from "../store/embedded_files.ts";

const CROSS = "×";

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/** Give the styles to the room's own element, once. */
function adopt(root: Node): void {
  if (root instanceof ShadowRoot && !root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.unshift(sheet);
}

export function Attaching({ of: held }: { of: EmbeddedFiles }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (ref.current) adopt(ref.current.getRootNode());
  }, []);
  return (
    <div class="attaching" ref={ref}>
      {held.all.value.length > 0 && (
        <Attached
          of={held.all.value}
          contentOf={held.contentOf}
          acts={({ id, name, state }) => (
            <>
              {state === "failed" && (
                <button
                  type="button"
                  aria-label={t.retryUpload(harmless(name))}
                  onClick={() => held.change(id, { state: "waiting", why: undefined })}
                >
                  {t.retry}
                </button>
              )}
              <button type="button" class="quiet" aria-label={t.removeFile(harmless(name))} onClick={() => held.remove(id)}>
                {CROSS}
              </button>
            </>
          )}
        />
      )}
      {held.why.value && <Why text={harmless(held.why.value)} />}
    </div>
  );
}
