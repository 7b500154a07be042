// The fields in which one writes, for whoever wants to put the cursor there.

import type { RefObject } from "preact";

export const composers = new Map<string, RefObject<HTMLTextAreaElement | null>>();

export const focusComposer = (room: string): void => composers.get(room)?.current?.focus();

export const isTouch = matchMedia("(pointer: coarse)").matches;
