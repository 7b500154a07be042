// Which of the windows is open that keys and commands open, wherever one is.

import { signal } from "@preact/signals";

export const openWindow = signal<"switcher" | "help" | undefined>(undefined);

export const showWindow = (name: "switcher" | "help"): void => {
  openWindow.value = name;
};

export const closeWindow = (): void => {
  openWindow.value = undefined;
};
