// How pictures of messages are shown.

import type { wire } from "../store/sdk.ts";

const MOST_WIDE = 360; // CSS pixels of a picture
const MOST_HIGH = 270;
const LARGE = 150_000; // bytes, up to which a picture is shown as it is

/** The box of a picture, in CSS pixels. */
export function boxOf({ width = 1, height = 1 }: wire.Attached): { width: number; height: number } {
  const scale = Math.min(1, MOST_WIDE / width, MOST_HIGH / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether a smaller one does in its place: that of an animation stands still. */
export const isLarge = ({ size, type }: wire.Attached): boolean => size > LARGE && type !== "image/gif";
