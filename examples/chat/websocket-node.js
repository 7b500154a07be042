// npm websocket (WebSocket-Node), plain mode.
const readline = require("readline");
const { client: Client } = require("websocket");

const client = new Client();

client.on("connect", (connection) => {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => connection.sendUTF(line));
  lines.on("close", () => connection.close());
  connection.on("message", (message) => console.log(message.utf8Data));
  connection.on("close", (code, reason = "") => {
    if (code !== 1000) console.error(`closed with ${code} ${reason}`);
    process.exit(code === 1000 ? 0 : 1);
  });
});
client.on("connectFailed", (error) => {
  console.error(`${error}`);
  process.exit(1);
});
client.connect(process.argv[2] ?? "ws://localhost:8181");
