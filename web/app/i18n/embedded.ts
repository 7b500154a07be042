// The words of rooms in pages of other sites, and of whatever the page shows as they do: what is imported there imports nothing else.

import { isolating } from "./isolated.ts";
import { shared } from "./shared.ts";

export const t: typeof shared = isolating(shared);
