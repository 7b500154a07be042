// The emoji of Unicode, from emojibase: the build leaves out what nothing here shows (vite.config.ts). Loaded when they are first wanted.

import rows from "virtual:emoji";
import type { Emoji } from "./index.ts";

export const EMOJI: readonly Emoji[] = rows.map(([text, names, label, tags, group, hasTones]) => ({
  text,
  names,
  label,
  tags,
  group,
  hasTones: hasTones === 1,
}));
