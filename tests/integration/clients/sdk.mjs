// Posts numbers in a room with the JavaScript SDK, and says what carries it, what it reads, and what is left: node sdk.mjs URL ROOM COUNT [TRANSPORT]
// Half of them come only when a line says so.

import { once } from "node:events";
import { connect } from "../../../web/sdk/hubbub.ts";

const [url, name, count, transport] = process.argv.slice(2);
const client = await connect(url, { name: `ada-${process.pid}`, transport }).open();
console.log(JSON.stringify(client.transport));
const room = await client.follow(name);
const post = (from, to) => {
  for (let i = from; i <= to; i++) room.post(`${i}`);
};
post(1, count / 2);
once(process.stdin, "data").then(() => post(count / 2 + 1, count));
for await (const { event, seq, text } of room) {
  if (event === "posted") console.log(`${seq} ${text}`);
  if (text === count) break;
}
console.log(JSON.stringify(client.outbox.entries));
client.close();
process.stdin.destroy();
