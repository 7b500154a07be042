// Who somebody is, as a sign: two shapes in a colour of their own, from what tells them apart.

import { hashOf } from "./text.ts";

const HUES = 12;
const SHAPES = 5;

/** The class of somebody's colour. */
export const hueOf = (who: string): string => `hue-${hashOf(who) % HUES}`;

export const Avatar = ({ who }: { who: string }) => (
  <span class={`avatar ${hueOf(who)} shape-${Math.floor(hashOf(who) / HUES) % SHAPES}`} aria-hidden="true" />
);
