// What is asked for once it is shown. Until it is there: that it is on its way; or why not, with a button that asks again.

import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Empty, Why } from "./Text.tsx";

interface LostProps {
  /** Why it is not there; nothing: it is. */
  why: string;
  again(): void;
  /** Whether it is being asked for again. */
  isAsking?: boolean;
}

/** Why something is not there, and a button that asks for it again. It stays while it is asked for, since it may have the focus. */
export const Lost = ({ why, again, isAsking = false }: LostProps) =>
  why ? (
    <div class="lost">
      <Why text={isAsking ? "" : why} />
      {isAsking && <Empty text={t.looking} />}
      <button type="button" aria-disabled={isAsking} onClick={() => isAsking || again()}>
        {t.tryAgain}
      </button>
    </div>
  ) : null;

/** Part of the page that is loaded when it is wanted. */
export const loaded = <Part,>(part: Promise<Part>): Promise<Part> =>
  part.catch(() => {
    throw new Error(t.noServer);
  });

export interface Asked<Found> {
  /** What came, once it did. */
  found: Found | undefined;
  /** Show something else, made of what is there by then: it may have been asked for again meanwhile. */
  change(make: (now: Found) => Found): void;
  again(): void;
  fail(error: Error): void;
  /** What is to be said: that it is on its way, or why it did not come. */
  state: VNode | null;
}

/** Ask for something when it is first shown, and when what is given changes. */
export function useAsked<Found>(ask: () => Promise<Found>, given: readonly unknown[] = []): Asked<Found> {
  const [found, setFound] = useState<{ of: Found }>();
  const [why, setWhy] = useState("");
  const [isAsking, setAsking] = useState(false);
  const put = (of: Found) => {
    setFound({ of });
    setWhy("");
    setAsking(false);
  };
  const change = (make: (now: Found) => Found) => {
    setFound((now) => now && { of: make(now.of) });
    setWhy("");
  };
  const fail = (error: Error) => {
    setWhy(error.message);
    setAsking(false);
  };
  const last = useRef(0);
  const again = () => {
    const turn = ++last.current; // an answer that comes after a later question is of no use any more
    const ifLast =
      <Of,>(take: (of: Of) => void) =>
      (of: Of) => {
        if (turn === last.current) take(of);
      };
    setAsking(true);
    ask().then(ifLast(put), ifLast(fail));
  };
  useLayoutEffect(again, given);
  const state = why ? <Lost why={why} again={again} isAsking={isAsking} /> : found ? null : <Empty text={t.looking} />;
  return { found: found?.of, change, again, fail, state };
}
