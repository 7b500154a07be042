// npm ws, plain mode: lines go out as they are, and what anyone says comes back as it was said.
const readline = require("readline");
const WebSocket = require("ws");

const ws = new WebSocket(process.argv[2] ?? "ws://localhost:8181");

ws.on("open", () => {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => ws.send(line));
  lines.on("close", () => ws.close(1000));
});
ws.on("message", (text) => console.log(text.toString()));
ws.on("close", (code, reason) => {
  if (code !== 1000) console.error(`closed with ${code} ${reason}`);
  process.exit(code === 1000 ? 0 : 1);
});
