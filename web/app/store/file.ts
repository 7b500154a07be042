// One file that a message shows: where it is, and whether it is a picture.

import type { wire } from "#sdk";

/** The sides of squares into which smaller copies of pictures fit, in pixels. */
export type Side = 360 | 1280;

/** The address of a file; with `side`, of a picture that is small enough for a square of so many pixels. */
export const addressOf = (file: string, side?: Side): string =>
  `/api/v1/files/${encodeURIComponent(file)}${side ? `/thumbnails/${side}` : ""}`;

/** Gets a file with whatever proves who looks. */
export type Getter = (file: string, side?: Side) => Promise<Response>;

/** What a file shows, in its author's words, or its name. */
export const altOf = ({ alt, name }: wire.Attached): string => alt || name;

export const isPicture = ({ type, width, height }: wire.Attached): boolean => type.startsWith("image/") && Boolean(width && height);
