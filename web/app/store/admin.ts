// Whether the admin page is shown, and which part of it.

import { computed } from "@preact/signals";
import { instead } from "./instead.ts";
import { closePanel } from "./panel.ts";
import { menuOpen } from "./screen.ts";

export const PARTS = ["people", "connections", "rooms", "invites", "emoji", "files", "figures", "settings", "audit"] as const;

export type Part = (typeof PARTS)[number];

const ADDRESS = /^#\/admin(?:\/([a-z]+))?$/; // no room has such a name

export const adminPart = computed(() => (instead.value?.kind === "admin" ? instead.value.part : undefined));

/** The part of the admin page that the address leads to. */
export function linkedPart(): Part | undefined {
  const found = ADDRESS.exec(location.hash);
  return found ? (PARTS.find((part) => part === found[1]) ?? "people") : undefined;
}

export function openAdmin(part: Part): void {
  closePanel();
  menuOpen.value = false;
  instead.value = { kind: "admin", part };
  history.replaceState(null, "", `/#/admin/${part}`);
}

export const isAdmin = (role: string | undefined): boolean => role === "owner" || role === "admin";
