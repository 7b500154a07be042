export { type Changed, Client, type Position, Refused } from "./client.ts";
export { type Author, apply, type Page, peopleOf, prepend, reactedWith, trim, type View, viewOf, whoOf } from "./fold.ts";
export { type Entry, type Kept, Outbox, randomId } from "./outbox.ts";
export type * as wire from "./wire.ts";
