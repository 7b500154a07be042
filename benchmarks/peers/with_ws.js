// The tutorial's server on npm ws: every message goes to every open client.
const { WebSocket, WebSocketServer } = require("ws");

const port = Number(process.argv[2]);
const server = new WebSocketServer({ host: "127.0.0.1", port }, () => console.log("ready"));

server.on("connection", (client) => {
  client.on("message", (message, isBinary) => {
    for (const other of server.clients) {
      if (other.readyState === WebSocket.OPEN) other.send(message, { binary: isBinary });
    }
  });
});
