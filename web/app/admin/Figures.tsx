// What is measured of the server, as plots: each figure from when one looks on.

import { useLayoutEffect, useState } from "preact/hooks";
import { a } from "../i18n/admin.ts";
import { t } from "../i18n/index.ts";
import { figures, type Figures as Taken } from "../store/administering.ts";
import { isVisible } from "../store/state.ts";
import { Lost } from "../ui/Asked.tsx";
import { Empty } from "../ui/Text.tsx";
import { Plot } from "./Plot.tsx";
import { SERIES, seriesOf } from "./series.ts";

const EVERY = 2000; // milliseconds
const MOST_KEPT = 300;

export function Figures() {
  const [taken, setTaken] = useState<Taken[]>([]);
  const [why, setWhy] = useState("");
  const take = () =>
    figures().then(
      (now) => {
        setTaken((before) => [...before, now].slice(-MOST_KEPT));
        setWhy("");
      },
      (error: Error) => setWhy(error.message),
    );
  useLayoutEffect(() => {
    take();
    const timer = setInterval(() => isVisible.peek() && take(), EVERY);
    return () => clearInterval(timer);
  }, []);
  const last = taken.at(-1);
  if (!last) return why ? <Lost why={why} again={take} /> : <Empty text={t.looking} />;
  return (
    <>
      <Lost why={why && `${why}. ${a.lost}`} again={take} />
      <p class="hint">
        {a.version(last.version)}
        {last.workers > 1 && ` · ${a.ofOneWorker(last.workers)}`}
      </p>
      <div class="plots">
        {SERIES.map((series) => (
          <Plot key={series} title={a.plots[series]} data={seriesOf(series, taken)} />
        ))}
      </div>
      <Counts title={a.byTransport} counts={last.connections} none={a.nothingFound} />
      <Counts title={a.refusals} counts={last.refusals} none={a.noRefusals} />
    </>
  );
}

function Counts({ title, counts, none }: { title: string; counts: Record<string, number>; none: string }) {
  const shown = Object.entries(counts).sort(([, one], [, other]) => other - one);
  return (
    <section>
      <h2>{title}</h2>
      {shown.length ? (
        <dl class="counts">
          {shown.map(([name, count]) => (
            <div key={name}>
              <dt>{a.transports[name] ?? name}</dt>
              <dd>{count.toLocaleString()}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <Empty text={none} />
      )}
    </section>
  );
}
