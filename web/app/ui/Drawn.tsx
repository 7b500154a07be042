// A picture that no address leads to: it is drawn from its bytes, which the page's policy for addresses has nothing to do with.

import { useLayoutEffect, useRef } from "preact/hooks";

interface DrawnProps {
  of: Blob;
  /** What it shows; empty if that is said beside it. */
  label: string;
  /** The size of its box, in CSS pixels. */
  width: number;
  height: number;
  onError?(): void;
}

export function Drawn({ of: blob, label, width, height, onError }: DrawnProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    let isOver = false;
    createImageBitmap(blob).then(
      (bitmap) => {
        if (!isOver && canvas.current) draw(bitmap, canvas.current);
        bitmap.close();
      },
      () => !isOver && onError?.(),
    );
    return () => {
      isOver = true;
    };
  }, [blob]);
  const scale = Math.min(2, devicePixelRatio);
  const said = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": "true" as const };
  return <canvas ref={canvas} width={width * scale} height={height * scale} {...said} />;
}

/** Fill the canvas with the middle of a picture. */
function draw(bitmap: ImageBitmap, canvas: HTMLCanvasElement): void {
  const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  canvas.getContext("2d")?.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}
