// Keeps an account's rooms and the people in step with the JavaScript SDK: node me.mjs URL TOKEN. Each line on stdin is a command, with one answer:
// `follow ROOM` and `unfollow ROOM`; `watch PERSON`; `look` says what is known, what the changes alone tell, and the changes since the last look.

import { createInterface } from "node:readline";
import { connect } from "../../../web/sdk/hubbub.ts";

const [url, token] = process.argv.slice(2);
const client = connect(url, { token: () => token });
const me = await client.me.open();
const rooms = new Map();
const shadow = { rooms: new Map(me.rooms), people: new Map(me.people) };
let told = [];

function fold(change) {
  told.push({ ...change, notify: me.shouldNotify(change) });
  if (change.change === "refreshed") change.changes.forEach(fold);
  else if ("room" in change) keep(shadow.rooms, change.room.room, change.room, change);
  else if ("person" in change) keep(shadow.people, change.account, change.person, change);
}

function keep(known, key, now, { change, before }) {
  const was = /left|gone/.test(change) ? now : before;
  if (JSON.stringify(known.get(key)) !== JSON.stringify(was)) throw new Error(`${change} of ${key} does not fit what was told before`);
  if (/left|gone/.test(change)) known.delete(key);
  else known.set(key, now);
}

(async () => {
  for await (const change of me.changes()) fold(change);
})();

const commands = {
  follow: async (room) => void rooms.set(room, await client.follow(room)),
  unfollow: async (room) => void (await rooms.get(room).unfollow()),
  watch: async (person) => Object.fromEntries(await me.watch([person])),
  look: async () => {
    const said = { rooms: [...me.rooms.values()], people: Object.fromEntries(me.people), told };
    told = [];
    return { ...said, shadow: { rooms: [...shadow.rooms.values()], people: Object.fromEntries(shadow.people) } };
  },
};

console.log(JSON.stringify({ account: me.account, person: me.person.handle }));
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...given] = line.split(" ");
  console.log(JSON.stringify((await commands[command](...given).catch((error) => ({ error: error.message }))) ?? {}));
}
client.close();
