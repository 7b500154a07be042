// The client of any tutorial on WebSockets, with npm ws: lines go out, and what comes is printed.
const readline = require("readline");
const WebSocket = require("ws");

const [url, origin] = process.argv.slice(2);
const ws = new WebSocket(url, { origin });

ws.onopen = () => {
  console.log("open");
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => ws.send(line));
  lines.on("close", () => ws.close(1000, "bye"));
};
ws.onmessage = (event) => console.log(`message ${event.data}`);
ws.onerror = (event) => console.log(`error ${event.message}`);
ws.onclose = (event) => {
  console.log(`closed ${event.code} ${event.wasClean ? "cleanly" : "not cleanly"}`);
  process.stdin.destroy();
};
