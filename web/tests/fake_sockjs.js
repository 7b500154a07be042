// The door `/sockjs` of a hall, and what may stand before it: a fetch that answers as the door does, or as a proxy lets it.

const encoder = new TextEncoder();

/** A response whose body is written as long as it lasts. */
function response(begin, signal, cut = () => {}, chunk = Infinity) {
  let isOver = false;
  const body = new ReadableStream({
    start(controller) {
      const say = (text) => {
        const bytes = encoder.encode(text);
        for (let at = 0; at < bytes.length && !isOver; at += chunk) controller.enqueue(bytes.slice(at, at + chunk));
      };
      const end = () => {
        isOver = true;
        controller.close();
      };
      signal.addEventListener("abort", () => {
        if (isOver) return;
        isOver = true;
        controller.error(signal.reason);
        cut();
      });
      begin(say, end);
    },
  });
  return new Response(body);
}

export class Door {
  sessions = new Map();
  requests = [];
  isBuffering = false; // streams come only when they end, which they don't
  refusal = undefined; // a status and a problem, for each request
  chunk = Infinity; // bytes that arrive together
  limit = Infinity; // frames in a stream, after which the client opens the next one

  constructor(hall) {
    this.hall = hall;
    globalThis.fetch = (url, init) => this.answer(new URL(url), init);
  }

  async answer(url, { method, headers, body, signal }) {
    const [, session, what] = /\/sockjs\/0\/(\w+)\/(\w+)$/.exec(url.pathname);
    this.requests.push({ method, what, authorization: headers.Authorization, body });
    if (this.refusal) return new Response(JSON.stringify(this.refusal[1]), { status: this.refusal[0] });
    if (what === "xhr_send") return this.send(session, JSON.parse(body));
    if (what === "eventsource" && this.isBuffering) return response(() => {}, signal);
    const socket = this.sessions.get(session) ?? this.begin(session);
    const serve = (say, end) => this.serve(socket, what, say, end);
    return response(serve, signal, () => socket.close(), this.chunk);
  }

  begin(session) {
    const Socket = this.hall.webSocket();
    const socket = new Socket("sockjs");
    const frames = ["o"];
    Object.assign(socket, {
      frames,
      readyState: 1,
      onmessage: ({ data }) => this.put(socket, `a${JSON.stringify([data])}`),
      onclose: ({ code, reason }) => this.put(socket, `c${JSON.stringify([code, reason])}`),
    });
    this.sessions.set(session, socket);
    return socket;
  }

  put(socket, frame) {
    socket.frames.push(frame);
    socket.wake?.();
  }

  serve(socket, what, say, end) {
    let left = what === "xhr" ? 1 : this.limit;
    socket.wake = () => {
      while (socket.frames.length && left-- > 0) {
        const frame = socket.frames.shift();
        say(what === "xhr" ? `${frame}\n` : `data: ${frame.replaceAll("%", "%25")}\r\n\r\n`);
      }
      if (left > 0) return;
      socket.wake = undefined;
      end();
    };
    socket.wake();
  }

  send(session, messages) {
    const socket = this.sessions.get(session);
    if (!socket) return new Response(null, { status: 404 });
    for (const message of messages) socket.send(message);
    return new Response(null, { status: 204 });
  }
}

/** A WebSocket that a proxy refuses, or never answers. */
export function withoutWebSocket({ hangs = false } = {}) {
  globalThis.WebSocket = class {
    constructor() {
      if (!hangs) queueMicrotask(() => this.onclose?.({ code: 1006, reason: "" }));
    }

    close() {}
  };
}
