// The server of Socket.IO's own tutorial: a message goes to everyone, the sender too.
const { createServer } = require("http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => socket.on("message", (text) => io.emit("message", text)));
http.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
