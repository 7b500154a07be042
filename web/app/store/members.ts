// Who is in a room, and what one may do there, for whoever writes a name or a command: asked for when that begins.

import { signal } from "@preact/signals";
import { isMade, roomOf } from "./address.ts";
import { allMembersOf, askRights, type Rights } from "./managing.ts";
import { accountOf, changesIn } from "./state.ts";

const AGAIN = 20_000; // milliseconds after which the same is asked for again

/** A question about rooms, asked about each room once at a time. */
class RoomQuestion<Answer> {
  readonly #known = signal<ReadonlyMap<string, Answer>>(new Map());
  readonly #asked = new Map<string, { at: number; asOf: string }>();
  readonly #underWay = new Set<string>();
  readonly #ask: (room: string) => Promise<Answer>;

  constructor(ask: (room: string) => Promise<Answer>) {
    this.#ask = ask;
  }

  /** What is known of a room; undefined until there is an answer. Whatever reads this looks again when another one comes, or an event makes it old. */
  about(room: string): Answer | undefined {
    const account = accountOf();
    const known = this.#known.value.get(room);
    if (!account || !isMade(room)) return known;
    const asOf = `${account.key} ${account.role} ${changesIn(room)}`;
    const last = this.#asked.get(room);
    const isFresh = last?.asOf === asOf && Date.now() - last.at < AGAIN;
    if (!isFresh && !this.#underWay.has(room)) this.#askAbout(room, asOf);
    return known;
  }

  /** Ask. Without an answer, one is offered everything; the server refuses what one may not do. */
  async #askAbout(room: string, asOf: string): Promise<void> {
    this.#underWay.add(room);
    this.#asked.set(room, { at: Date.now(), asOf });
    const answer = await this.#ask(room).catch(() => undefined);
    this.#underWay.delete(room);
    if (answer) this.#known.value = new Map([...this.#known.peek(), [room, answer]]);
    else this.#asked.delete(room);
  }
}

const members = new RoomQuestion(async (room) => new Set((await allMembersOf(room)).map(({ account }) => account)));
const rights = new RoomQuestion<Rights>(askRights);

/** The accounts in a room; undefined until they are known. */
export const membersIn = (of: string): ReadonlySet<string> | undefined => members.about(roomOf(of));

/** Something that one may do in a room, as the server calls it. */
export type Right = "post" | "leave" | "invite" | "moderate" | "title" | "describe" | "manage" | "pin" | "name_all" | "join" | "delete_any";

/** Whether one may do something in a room; `unknown`: what is taken for granted until that is known. */
export const may = (of: string, right: Right, unknown = true): boolean => rights.about(roomOf(of))?.[right]?.allowed ?? unknown;
