// npm socket.io-client: `send` is relayed to everyone, and who was cut off misses nothing.
const readline = require("readline");
const { io } = require("socket.io-client");

const socket = io(process.argv[2] ?? "http://localhost:8181");

socket.once("connect", () => {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => socket.send(line));
  lines.on("close", () => socket.disconnect());
});
socket.on("message", (text) => console.log(text));
socket.on("connect_error", (error) => console.error(error.message)); // it tries again by itself
