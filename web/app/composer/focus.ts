// The field at the bottom, for whoever wants to put the cursor there.

import { createRef } from "preact";

export const field = createRef<HTMLTextAreaElement>();

export const focusComposer = (): void => field.current?.focus();

export const isTouch = matchMedia("(pointer: coarse)").matches;
