// Who somebody is, as a sign: a picture of theirs, or two shapes in a colour of their own, from what tells them apart.

import { useState } from "preact/hooks";
import { hashOf } from "./text.ts";

const HUES = 12;
const SHAPES = 5;

interface AvatarProps {
  who: string;
  /** Whether somebody is there: a dot at the corner. */
  state?: string | undefined;
  /** The address of a picture. */
  picture?: string | undefined;
}

/** The class of somebody's colour. */
export const hueOf = (who: string): string => `hue-${hashOf(who) % HUES}`;

export const Avatar = ({ who, state, picture }: AvatarProps) => {
  const [broken, setBroken] = useState("");
  const sign = (
    <span class={`avatar ${hueOf(who)} shape-${Math.floor(hashOf(who) / HUES) % SHAPES}`} aria-hidden="true">
      {picture && picture !== broken && (
        <img key={picture} src={picture} alt="" loading="lazy" decoding="async" onError={() => setBroken(picture)} />
      )}
    </span>
  );
  if (!state) return sign;
  return (
    <span class="present" aria-hidden="true">
      {sign}
      <span class={`presence ${state}`} />
    </span>
  );
};
