// Our own icons: strokes on a grid of 20 pixels, all in one file.

import sprite from "./icons.svg";

export type IconName =
  | "hash"
  | "lock"
  | "plus"
  | "search"
  | "pen"
  | "invite"
  | "people"
  | "compass"
  | "info"
  | "menu"
  | "close"
  | "up"
  | "down"
  | "smile"
  | "reply"
  | "link"
  | "trash"
  | "thread"
  | "pin"
  | "account"
  | "bell"
  | "more"
  | "tools"
  | "bookmark"
  | "clip"
  | "file"
  | "pause"
  | "play"
  | "again"
  | "save"
  | "zoom"
  | "back"
  | "next";

/** Those that point along the line, and so the other way where it runs from right to left. */
const TURNS: ReadonlySet<IconName> = new Set(["reply", "thread", "back", "next"]);

export const Icon = ({ name }: { name: IconName }) => (
  <svg class={TURNS.has(name) ? "icon turns" : "icon"} aria-hidden="true">
    <use href={`${sprite}#${name}`} />
  </svg>
);

interface IconButtonProps {
  name: IconName;
  label: string;
  onClick(): void;
  id?: string;
  pressed?: boolean;
  className?: string;
  /** The key that does the same, as one reads it and as programs do. */
  shortcut?: { shown: string; spoken: string };
}

/** A button that shows an icon and is called by its label. */
export const IconButton = ({ name, label, onClick, id, pressed, className = "", shortcut }: IconButtonProps) => (
  <button
    type="button"
    class={`icon-button ${className}`}
    id={id}
    aria-label={label}
    title={shortcut ? `${label} (${shortcut.shown})` : label}
    aria-keyshortcuts={shortcut?.spoken}
    aria-pressed={pressed}
    onClick={onClick}
  >
    <Icon name={name} />
  </button>
);
