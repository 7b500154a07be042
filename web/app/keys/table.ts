// Every key that the page knows: this table binds them, and the help shows it. Mod is Ctrl, or ⌘ on a Mac.

import { t } from "../i18n/index.ts";

const about = t.keys;

export const GROUPS = {
  anywhere: {
    switcher: { keys: ["Mod+k"], about: about.switcher },
    search: { keys: ["Mod+f"], about: about.search },
    previousRoom: { keys: ["Alt+ArrowUp"], about: about.previousRoom },
    nextRoom: { keys: ["Alt+ArrowDown"], about: about.nextRoom },
    previousUnread: { keys: ["Alt+Shift+ArrowUp"], about: about.previousUnread },
    nextUnread: { keys: ["Alt+Shift+ArrowDown"], about: about.nextUnread },
    close: { keys: ["Escape"], about: about.close },
    help: { keys: ["Mod+/"], about: about.help },
  },
  writing: {
    send: { keys: ["Enter"], about: about.send },
    newLine: { keys: ["Shift+Enter"], about: about.newLine },
    editLast: { keys: ["ArrowUp"], about: about.editLast },
    complete: { keys: ["Tab"], about: about.complete },
    choose: { keys: ["ArrowDown", "ArrowUp"], about: about.choose },
  },
  messages: {
    above: { keys: ["ArrowUp"], about: about.above },
    below: { keys: ["ArrowDown"], about: about.below },
    reply: { keys: ["r"], about: t.reply },
    thread: { keys: ["t"], about: t.replyInThread },
    react: { keys: ["+"], about: t.react },
    edit: { keys: ["e"], about: t.edit },
    pin: { keys: ["p"], about: about.pin },
    link: { keys: ["l"], about: t.copyLink },
    delete: { keys: ["Delete"], about: t.delete },
    more: { keys: ["m"], about: t.more },
  },
} as const satisfies Record<string, Record<string, { keys: readonly string[]; about: string }>>;

type Groups = typeof GROUPS;
export type Name = { [Group in keyof Groups]: keyof Groups[Group] }[keyof Groups];

const KEYS = Object.assign({}, ...Object.values(GROUPS)) as Record<Name, { keys: readonly string[] }>;

export const isMac = globalThis.navigator?.platform?.startsWith("Mac") ?? false;

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Whether what was pressed is one of the keys for something. */
export const is = (name: Name, pressed: Pressed): boolean => KEYS[name].keys.some((keys) => fits(keys, pressed));

function fits(keys: string, { key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): boolean {
  const parts = keys.split("+");
  const last = parts.pop() || "+"; // which is a key as well
  const isSign = last.length === 1 && !/[a-z]/.test(last); // some keyboards need Shift for it
  const [mod, other] = isMac ? [metaKey, ctrlKey] : [ctrlKey, metaKey];
  return (
    (last.length === 1 ? key.toLowerCase() : key) === last &&
    mod === parts.includes("Mod") &&
    !other &&
    altKey === parts.includes("Alt") &&
    (isSign || shiftKey === parts.includes("Shift"))
  );
}

/** The keys for something, as one reads them. */
export const keysOf = (name: Name): string[] => KEYS[name].keys.map((keys) => shown(keys));

const SIGNS: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Mod: isMac ? "⌘" : "Ctrl" };

/** Keys as one reads them. */
export function shown(keys: string): string {
  if (keys === "+") return keys;
  return keys
    .split("+")
    .map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join("+");
}

/** Keys as `aria-keyshortcuts` wants them. */
export const spoken = (name: Name): string => KEYS[name].keys.map((keys) => keys.replace("Mod", isMac ? "Meta" : "Control")).join(" ");
