// A line over time. What draws it is loaded once one is shown; its last value is there as text from the beginning.

import { useLayoutEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { a } from "../i18n/admin.ts";
import { clockOf } from "../i18n/dates.ts";

const HEIGHT = 120;
const STEPS = [2, 5, 10, 30, 60, 120, 300, 600]; // seconds between two marks of the time
const LEAST = 60; // seconds that a plot shows
const NUMBERS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** How a plot looks, in the page's own colours as they are now. */
function optionsFor(width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name);
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width,
    height: HEIGHT,
    padding: [8, 36, 0, 0], // half of the last mark of the time
    legend: { show: false },
    cursor: { show: false },
    // The time axis spans at least a minute.
    scales: {
      x: { range: (_, first, last) => [first ?? 0, Math.max(last ?? 0, (first ?? 0) + LEAST)] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      { ...axis, space: 80, incrs: STEPS, values: ({ data }, all) => (data[0].length ? all.map(clockOf) : []) },
      { ...axis, size: 44, splits: (_, __, least, most) => [least, (least + most) / 2, most], values: (_, all) => all.map(NUMBERS.format) },
    ],
    series: [{}, { stroke: colour("--accent"), width: 2, points: { show: (plot) => plot.data[0].length === 1 } }],
  };
}

export function Plot({ title, data }: { title: string; data: [number[], number[]] }) {
  const root = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | undefined>(undefined);
  const newest = useRef(data);
  newest.current = data;
  useLayoutEffect(() => {
    let isGone = false;
    let Uplot: typeof uPlot | undefined;
    const draw = () => {
      const into = root.current;
      if (isGone || !into || !Uplot) return;
      drawn.current?.destroy();
      drawn.current = new Uplot(optionsFor(into.clientWidth), newest.current, into);
    };
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const resized = new ResizeObserver(([entry]) => entry && drawn.current?.setSize({ width: entry.contentRect.width, height: HEIGHT }));
    import("./uplot.ts").then((loaded) => {
      Uplot = loaded.default;
      draw();
    });
    dark.addEventListener("change", draw);
    if (root.current) resized.observe(root.current);
    return () => {
      isGone = true;
      dark.removeEventListener("change", draw);
      resized.disconnect();
      drawn.current?.destroy();
    };
  }, []);
  useLayoutEffect(() => drawn.current?.setData(data), [data]);
  const last = data[1].at(-1);
  return (
    <figure>
      <figcaption>
        {title} <strong>{last === undefined ? a.collecting : a.now(NUMBERS.format(last))}</strong>
      </figcaption>
      <div ref={root} dir="ltr" aria-hidden="true" />
    </figure>
  );
}
