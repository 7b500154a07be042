// The rooms that a client follows: passes events to them, and follows them again after a gap.

import { Refused } from "./errors.ts";
import { type Exchange, pause, type Sendable, sleep, withId } from "./exchange.ts";
import { type From, Reading } from "./reading.ts";
import type { AnyEvent, AnySignal, PersonPresence, Resumed, RoomHead, Snapshot, Unfollowed } from "./wire.ts";

const MOST_AT_ONCE = 500; // in one command, which is then smaller than the server's limit for a message

type Answer = Snapshot | Resumed;

const alreadyIn = (room: string) => new Error(`Already following ${room}; unfollow it first`);

/** Who wants to know how far rooms have come. */
export interface Watcher {
  /** The rooms of which the server shall tell the heads, each with the last one that is known. */
  heads(): Record<string, number>;
  moved(heads: Record<string, RoomHead>): void;
  heard(event: AnyEvent): void;
  atLeast(room: string, head: number): void;
  closed(room: string): void;
  presence(people: Record<string, PersonPresence | null>): void;
  linked(): void;
  end(error: Error | undefined): void;
}

export class Rooms {
  watcher: Watcher | undefined;
  readonly #readings = new Map<string, Reading>();
  readonly #exchange: Exchange;
  readonly #limit: number;
  readonly #taken: (reading: Reading) => void;

  constructor(exchange: Exchange, limit: number, taken: (reading: Reading) => void) {
    this.#exchange = exchange;
    this.#limit = limit;
    this.#taken = taken;
  }

  get(room: string): Reading | undefined {
    return this.#readings.get(room);
  }

  /** Follow a room, at first by the command `follow` or `join`. */
  async follow(how: "follow" | "join", room: string, from: From): Promise<Reading> {
    const reading = this.#begin(room, from);
    const command = withId({ do: how, ...reading.follow() });
    try {
      await this.#exchange.ask<Answer>(command, (answer) => this.#joined(reading, answer));
    } catch (error) {
      this.#exchange.tell({ do: "unfollow", room }); // before its head is followed again
      this.#forget(reading);
      throw error;
    }
    if (this.#readings.get(reading.room) !== reading) throw alreadyIn(reading.room);
    return reading;
  }

  /** Follow rooms from their positions, and be told the heads of others, as soon as possible. */
  followAll(positions: Record<string, number>, heads: Record<string, number>, epoch: string): Reading[] {
    const readings = Object.entries(positions).map(([room, since]) => this.#begin(room, { since, epoch }));
    this.#resumeAll([...readings], heads, epoch);
    return readings;
  }

  /** Follow a room no longer, by the command `unfollow` or `leave`. */
  async unfollow(how: "unfollow" | "leave", reading: Reading): Promise<void> {
    if (this.#readings.get(reading.room) !== reading) return;
    this.#readings.delete(reading.room);
    reading.end();
    try {
      await this.#exchange.ask({ do: how, room: reading.room });
    } finally {
      this.watcher?.closed(reading.room);
    }
  }

  unlinked(): void {
    for (const reading of this.#readings.values()) reading.cut();
  }

  /** There is a connection again, to the logs of this epoch. */
  linked(epoch: string): void {
    this.watcher?.linked();
    const due = [...this.#readings.values()].filter((reading) => !reading.isJoining); // the others' commands are sent again
    const heads = this.watcher?.heads() ?? {};
    const together = due.filter((reading) => reading.canResume(epoch));
    if (together.length > 1 || Object.keys(heads).length) this.#resumeAll(together, heads, epoch);
    for (const reading of due) if (!reading.isJoining) this.#followAgain(reading);
  }

  deliver(event: AnyEvent): void {
    this.watcher?.heard(event);
    const reading = this.#readings.get(event.room);
    if (reading?.receive(event)) this.#followAgain(reading);
  }

  hear(signal: AnySignal): void {
    this.#readings.get(signal.room)?.hear(signal);
  }

  /** A room may not be read any more. If it is being followed again just now, the answer says what holds. */
  cutOff({ room, why }: Unfollowed): void {
    const reading = this.#readings.get(room);
    if (!reading || reading.isJoining) return;
    this.#forget(reading);
    reading.end(new Refused(why));
  }

  end(error?: Error): void {
    for (const reading of this.#readings.values()) reading.end(error);
    this.#readings.clear();
    this.watcher?.end(error);
  }

  #begin(room: string, from: From): Reading {
    if (this.#readings.has(room)) throw alreadyIn(room);
    const reading = new Reading(room, from, this.#limit, (taken) => {
      if (taken.mustCatchUp && this.#isHere(taken)) this.#followAgain(taken);
      this.#taken(taken);
    });
    this.#readings.set(room, reading);
    return reading;
  }

  /** Take in an answer, which calls the room by its key, and not by an alias. */
  #joined(reading: Reading, answer: Answer): void {
    if (answer.room !== reading.room) {
      if (this.#isHere(reading)) this.#readings.delete(reading.room);
      reading.room = answer.room;
      if (!this.#readings.has(answer.room)) this.#readings.set(answer.room, reading);
    }
    if (!this.#isHere(reading)) {
      if (!this.#readings.has(reading.room)) this.#exchange.tell({ do: "unfollow", room: reading.room });
      return;
    }
    reading.answered(answer);
    this.watcher?.atLeast(answer.room, answer.mode === "snapshot" ? answer.head : answer.head - answer.missed);
  }

  #isHere(reading: Reading): boolean {
    return this.#readings.get(reading.room) === reading;
  }

  #forget(reading: Reading): void {
    if (this.#isHere(reading)) this.#readings.delete(reading.room);
    this.watcher?.closed(reading.room);
  }

  #followAgain(reading: Reading): void {
    const command: Sendable = { do: "follow", ...reading.follow() };
    const refused = (error: Refused) => {
      if (error.code === "bad_position") {
        command.since = command.epoch = undefined;
        return false;
      }
      this.#forget(reading);
      reading.end(error);
      return true;
    };
    this.#insist<Answer>(command, (answer) => this.#joined(reading, answer), refused, reading);
  }

  /** Ask until there is an answer, unless `refused` returns that the refusal is one. */
  async #insist<Ok>(command: Sendable, taken: (ok: Ok) => void, refused: (error: Refused) => boolean, reading?: Reading): Promise<void> {
    for (let tries = 0; !reading || this.#isHere(reading); tries++) {
      try {
        await this.#exchange.ask<Ok>(command, taken);
        return;
      } catch (error) {
        if (!(error instanceof Refused)) return; // the client ends, and says so to every room
        if (!error.temporary && refused(error)) return;
      }
      await sleep(pause({}, tries));
    }
  }

  #resumeAll(readings: Reading[], heads: Record<string, number>, epoch: string): void {
    for (const reading of readings) reading.hold();
    const rooms = Object.keys(heads);
    do {
      const part = readings.splice(0, MOST_AT_ONCE);
      const some = rooms.splice(0, MOST_AT_ONCE - part.length);
      this.#resumePart(part, Object.fromEntries(some.map((room) => [room, heads[room]])), epoch);
    } while (readings.length || rooms.length);
  }

  #resumePart(readings: Reading[], heads: Record<string, number | undefined>, epoch: string): void {
    const rooms = Object.fromEntries(readings.map(({ room, since }) => [room, since]));
    const alone = (reading: Reading) => this.#isHere(reading) && this.#followAgain(reading);
    const taken = (all: { rooms: Record<string, Answer>; heads: Record<string, RoomHead> }) => {
      for (const reading of readings) {
        const answer = all.rooms[reading.room];
        if (answer) this.#joined(reading, answer);
        else alone(reading);
      }
      for (const room of Object.keys(heads)) {
        const opened = this.#readings.get(room); // meanwhile: it is followed in full again
        if (opened && !opened.isJoining) this.#followAgain(opened);
      }
      this.watcher?.moved(all.heads);
    };
    const refused = () => {
      readings.forEach(alone);
      return true;
    };
    this.#insist({ do: "follow_all", rooms, heads, epoch }, taken, refused);
  }
}
