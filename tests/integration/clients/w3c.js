// npm websocket's W3CWebSocket, which has a browser's interface.
const readline = require("readline");
const { w3cwebsocket: W3CWebSocket } = require("websocket");

const [url, protocol, origin] = process.argv.slice(2);
const client = new W3CWebSocket(url, protocol, origin);

client.onerror = () => console.log("error");
client.onopen = () => {
  console.log(`open ${client.protocol}`);
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => client.send(line));
  lines.on("close", () => client.close(1000, "bye"));
};
client.onclose = (event) => {
  console.log(`closed ${event.code} ${event.wasClean ? "cleanly" : "not cleanly"}`);
  process.stdin.destroy();
};
client.onmessage = (event) => {
  if (typeof event.data === "string") console.log(`message ${event.data}`);
  else console.log(`binary ${Buffer.from(event.data).toString("hex")}`);
};
