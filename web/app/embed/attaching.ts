// What attaching files takes: it is loaded once somebody attaches one.

import { signal } from "@preact/signals";

export const attaching = signal<typeof import("./Attaching.tsx") | undefined>(undefined);

export async function loadAttaching(): Promise<typeof import("./Attaching.tsx")> {
  attaching.value ??= await import("./Attaching.tsx");
  return attaching.value;
}
