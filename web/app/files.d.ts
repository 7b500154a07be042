// What Vite makes of files that are no modules.

declare module "*.svg" {
  const address: string;
  export default address;
}

declare module "*.css";

declare module "*.css?inline" {
  const text: string;
  export default text;
}

declare module "virtual:emoji" {
  /** Of each emoji the character, its short names, what it shows, other words for it, its group, and 1 if it has skin tones. */
  const rows: [text: string, names: string[], label: string, tags: string[], group: number, hasTones?: number][];
  export default rows;
}
