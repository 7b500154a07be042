// Whether the admin page is shown, and which part of it.

import { signal } from "@preact/signals";
import { closePanel } from "./panel.ts";
import { menuOpen } from "./screen.ts";

export const PARTS = ["people", "rooms", "invites", "emoji", "figures", "settings", "audit"] as const;

export type Part = (typeof PARTS)[number];

const ADDRESS = /^#\/admin(?:\/([a-z]+))?$/; // no room has such a name

export const adminPart = signal<Part | undefined>(undefined);

/** The part of the admin page that the address leads to. */
export function linkedPart(): Part | undefined {
  const found = ADDRESS.exec(location.hash);
  return found ? (PARTS.find((part) => part === found[1]) ?? "people") : undefined;
}

export function openAdmin(part: Part): void {
  closePanel();
  menuOpen.value = false;
  adminPart.value = part;
  history.replaceState(null, "", `/#/admin/${part}`);
}

export const isAdmin = (role: string | undefined): boolean => role === "owner" || role === "admin";
