// The page's words. There is one language so far; another is a second object of the same type.

import { en } from "./en.ts";
import { isolating } from "./isolated.ts";

export type Catalogue = typeof en;

export const t: Catalogue = isolating(en, ["yourself"]); // that is shown as a name, which has a direction anyway
