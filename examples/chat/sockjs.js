// npm sockjs-client, plain mode: by WebSocket, or by whatever gets through.
const readline = require("readline");
const SockJS = require("sockjs-client");

const sockjs = new SockJS(`${process.argv[2] ?? "http://localhost:8181"}/sockjs-plain`);

sockjs.onopen = () => {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => sockjs.send(line));
  lines.on("close", () => sockjs.close());
};
sockjs.onmessage = ({ data }) => console.log(data);
sockjs.onclose = ({ code, reason }) => {
  if (code !== 1000) console.error(`closed with ${code} ${reason}`);
  process.exit(code === 1000 ? 0 : 1);
};
