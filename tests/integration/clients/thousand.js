// Says its lines, hears all, and is there again after each cut; with npm ws, or with npm websocket.
const [library, url, mode, name, lines, total] = process.argv.slice(2);
const WebSocket = { ws: () => require("ws"), websocket: () => require("websocket").w3cwebsocket }[library]();
const tell = (said) => console.log(JSON.stringify(said));

const heard = [];
const unanswered = new Map();
const WINDOW = 20;
let since = 0;
let spoken = 0;
let socket;

function hear(text) {
  heard.push(text);
  if (heard.length === Math.floor(total / 3)) tell({ third: true });
  if (heard.length === Number(total)) socket.close(1000, "bye");
}

function receive({ data }) {
  if (mode === "plain") return hear(data);
  const frame = JSON.parse(data);
  if (frame.event === "posted") {
    since = frame.seq;
    hear(frame.text);
  } else if (frame.re > 0 && frame.ok) {
    unanswered.delete(frame.re);
    speak();
  } else if (frame.re === 0) tell({ open: frame.ok.mode });
}

function open() {
  socket = mode === "plain" ? new WebSocket(url) : new WebSocket(url, "hubbub.v1");
  socket.onmessage = receive;
  socket.onerror = () => {};
  socket.onopen = () => {
    if (mode === "plain") return tell({ open: "plain" });
    socket.send(JSON.stringify({ id: 0, do: "join", room: "lobby", since }));
    for (const command of unanswered.values()) socket.send(command);
  };
  socket.onclose = ({ code, wasClean }) => {
    if (heard.length < total) return setTimeout(open, 50);
    tell({ heard, code, clean: wasClean });
    process.exit();
  };
}

function speak() {
  while (spoken < lines && unanswered.size < WINDOW) {
    spoken += 1;
    const text = `${name} ${spoken}`;
    const post = { id: spoken, do: "post", room: "lobby", text, client_message_id: text };
    if (mode !== "plain") unanswered.set(spoken, JSON.stringify(post));
    socket.send(mode === "plain" ? text : unanswered.get(spoken));
  }
}

process.stdin.once("data", speak);
open();
