// The texts of embedded rooms. Modules that embedded rooms load import their texts from here only.

import { isolating } from "./isolated.ts";
import { shared } from "./shared.ts";

export const t: typeof shared = isolating(shared);
