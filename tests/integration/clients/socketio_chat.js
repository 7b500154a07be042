// socket.io-client as in any tutorial: says COUNT lines, and shows what it hears, up to TOTAL lines.
// node socketio_chat.js URL TRANSPORTS NAME COUNT TOTAL
const { io } = require("socket.io-client");

const [url, transports, name, count, total] = process.argv.slice(2);
const socket = io(url, { transports: transports.split(","), auth: { name }, reconnectionDelay: 50, reconnectionDelayMax: 200 });
const heard = [];

const show = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

socket.on("connect", () => {
  show({ connected: socket.recovered, transport: socket.io.engine.transport.name });
});
socket.io.on("open", () => {
  socket.io.engine.once("upgrade", () => show({ upgraded: socket.io.engine.transport.name }));
});
socket.on("connect_error", (error) => show({ refused: error.message, data: error.data }));
socket.on("chat message", (text) => {
  heard.push(text);
  if (heard.length === Number(total)) {
    show({ heard });
    socket.disconnect();
  }
});
socket.on("disconnect", (reason) => show({ disconnected: reason }));

process.stdin.on("data", () => {
  for (let n = 0; n < Number(count); n += 1) socket.emit("chat message", `${name} ${n}`);
});
process.stdin.on("end", () => process.exit());
