// A chat in ten lines: node chat.js NAME [ROOM] [SERVER]
import { createInterface } from "node:readline";
import { connect } from "../../web/sdk/hubbub.ts"; // in your program: from "hubbub"

const [name, room = "lobby", server = "http://localhost:8181"] = process.argv.slice(2);
const client = connect(server, { name });
const chat = await client.follow(room);
for (const { by, text } of chat.messages.slice(-10)) console.log(`${by}: ${text}`);
createInterface({ input: process.stdin })
  .on("line", (line) => chat.post(line))
  .on("close", () => chat.unfollow().finally(() => client.close()));
for await (const { event, by, text } of chat) if (event === "posted") console.log(`${by}: ${text}`);
