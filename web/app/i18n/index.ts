// The page's words. There is one language so far; another is a second object of the same type.

import { en } from "./en.ts";

export type Catalogue = typeof en;

export const t: Catalogue = en;
