// What is written behind a slash command, read as what the command takes.

export interface Argument {
  kind: "person" | "people" | "time" | "choice" | "text";
  /** What it is called in the help. */
  name: string;
  options?: readonly string[];
  isOptional?: boolean;
}

/** What was given, by kind. */
export interface Given {
  who: string;
  people: string[];
  seconds: number;
  choice: string;
  text: string;
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A time such as 30m in seconds; 0 if it is none. */
export function secondsOf(time: string): number {
  const [, number, unit = ""] = /^([1-9]\d{0,5})([smhd])$/i.exec(time) ?? [];
  return Number(number ?? 0) * (SECONDS[unit.toLowerCase()] ?? 0);
}

const handleOf = (word: string): string => word.replace(/^@/, "").replace(/,$/, "").toLowerCase();

/** Read what stands behind a command. Undefined if something is missing, too much, or not what it should be. */
export function readArguments(rest: string, takes: readonly Argument[]): Given | undefined {
  const given: Given = { who: "", people: [], seconds: 0, choice: "", text: "" };
  let left = rest.trim();
  for (const { kind, options = [], isOptional } of takes) {
    if (!left) {
      if (isOptional) continue;
      return undefined;
    }
    if (kind === "text" || kind === "people") {
      if (kind === "text") given.text = left;
      else given.people = left.split(/\s+/).map(handleOf);
      left = "";
      continue;
    }
    const [word = ""] = left.split(/\s+/, 1);
    left = left.slice(word.length).trim();
    if (kind === "person") given.who = handleOf(word);
    else if (kind === "time") given.seconds = secondsOf(word);
    else given.choice = options.find((option) => option === word.toLowerCase()) ?? "";
    if ((kind === "time" && !given.seconds) || (kind === "choice" && !given.choice)) return undefined;
  }
  return left ? undefined : given;
}
