// Who somebody is, as a sign: two shapes in a colour of their own, from what tells them apart.

import { hashOf } from "./text.ts";

const HUES = 12;
const SHAPES = 5;

/** The class of somebody's colour. */
export const hueOf = (who: string): string => `hue-${hashOf(who) % HUES}`;

/** `state` says whether somebody is there: a dot at the corner. */
export const Avatar = ({ who, state }: { who: string; state?: string | undefined }) => {
  const sign = <span class={`avatar ${hueOf(who)} shape-${Math.floor(hashOf(who) / HUES) % SHAPES}`} aria-hidden="true" />;
  if (!state) return sign;
  return (
    <span class="present" aria-hidden="true">
      {sign}
      <span class={`presence ${state}`} />
    </span>
  );
};
