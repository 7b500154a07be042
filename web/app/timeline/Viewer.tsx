// A picture over the page, whole or in its actual size, and the way to those before and after it. Loaded when the first one is opened.

import "./viewer.css";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/embedded.ts";
import { addressOf, altOf } from "../store/file.ts";
import type { wire } from "../store/sdk.ts";
import { Dialog, openDialog } from "../ui/Dialog.tsx";
import { IconButton } from "../ui/Icon.tsx";
import { Name } from "../ui/Text.tsx";
import { harmless } from "../ui/text.ts";

const SWIPE = 60; // pixels that a finger goes to the side

interface ViewerProps {
  first: wire.Attached;
  among: readonly wire.Attached[];
}

export const showPicture = (first: wire.Attached, among: readonly wire.Attached[]): void =>
  openDialog(<Viewer first={first} among={among} />);

/** A finger that goes to the side leads to another picture. */
function useSwipe(step: (by: number) => void) {
  const from = useRef({ x: 0, y: 0 });
  return {
    onTouchStart: ({ touches: [finger] }: TouchEvent) => {
      if (finger) from.current = { x: finger.clientX, y: finger.clientY };
    },
    onTouchEnd: ({ changedTouches: [finger], touches }: TouchEvent) => {
      const [x, y] = [(finger?.clientX ?? 0) - from.current.x, (finger?.clientY ?? 0) - from.current.y];
      if (!touches.length && Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) step(-Math.sign(x));
    },
  };
}

function Viewer({ first, among }: ViewerProps) {
  const [at, setAt] = useState(
    Math.max(
      0,
      among.findIndex(({ file }) => file === first.file),
    ),
  );
  const [isZoomed, setZoomed] = useState(false);
  const [isBroken, setBroken] = useState(false);
  const stage = useRef<HTMLElement>(null);
  const shown = among[at] ?? first;
  const step = (by: number) => {
    if (!among[at + by]) return;
    setAt(at + by);
    setZoomed(false);
    setBroken(false);
  };
  const forward = t.direction === "rtl" ? -1 : 1;
  const swipe = useSwipe((by) => !isZoomed && step(by * forward));
  const press = (key: KeyboardEvent) => {
    const way = { ArrowLeft: -forward, ArrowRight: forward }[key.key];
    if (way && !isZoomed) step(way);
    else if ("+-".includes(key.key)) setZoomed(key.key === "+");
    else return;
    key.preventDefault();
  };
  useLayoutEffect(() => {
    const box = stage.current;
    if (box && isZoomed) box.scrollTo((box.scrollWidth - box.clientWidth) / 2, (box.scrollHeight - box.clientHeight) / 2);
  }, [isZoomed]);
  const name = harmless(shown.name);
  return (
    <Dialog title={name} className="viewer">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the window */}
      <div class="viewing" onKeyDown={press} {...swipe}>
        <section
          class={isZoomed ? "stage zoomed" : "stage"}
          ref={stage}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls with the keyboard
          tabIndex={0}
          autofocus
          aria-label={name}
        >
          {isBroken ? (
            <p>{t.fileBroken}</p>
          ) : (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the button does the same
            <img
              key={shown.file}
              src={addressOf(shown.file)}
              alt={harmless(altOf(shown))}
              width={shown.width}
              height={shown.height}
              onClick={() => setZoomed(!isZoomed)}
              onError={() => setBroken(true)}
            />
          )}
        </section>
        <footer>
          {shown.alt && <Name text={shown.alt} className="caption" />}
          {among.length > 1 && <IconButton name="back" label={t.previousPicture} onClick={() => step(-1)} className={at ? "" : "off"} />}
          <span aria-live="polite">{among.length > 1 && t.picturePlace(at + 1, among.length)}</span>
          {among.length > 1 && (
            <IconButton name="next" label={t.nextPicture} onClick={() => step(1)} className={among[at + 1] ? "" : "off"} />
          )}
          <small>{`${shown.width} × ${shown.height} · ${t.bytes(shown.size)}`}</small>
          <IconButton name="zoom" label={t.zoom} pressed={isZoomed} onClick={() => setZoomed(!isZoomed)} />
          <a class="button" href={addressOf(shown.file)} download={name}>
            {t.save}
          </a>
        </footer>
      </div>
    </Dialog>
  );
}
