// Frames over the native WebSocket.

import type { Ear, Link, Where } from "./link.ts";

export function websocket({ base }: Where, ear: Ear): Link {
  let isOpen = false;
  let isOver = false;
  const lose = (reason: string, code?: number) => {
    if (isOver) return;
    isOver = true;
    ear.lost({ reason, code });
  };
  let socket: WebSocket | undefined;
  try {
    socket = new WebSocket(`${base.replace("http", "ws")}/ws`, "hubbub.v1");
    socket.onopen = () => {
      isOpen = true;
      if (!isOver) ear.opened();
    };
    socket.onmessage = ({ data }) => isOver || ear.heard(data);
    socket.onerror = () => {}; // `close` follows
    socket.onclose = ({ code, reason }) => (isOpen ? lose(reason || `The connection was closed (${code})`, code) : lose("refused"));
  } catch (error) {
    queueMicrotask(() => lose(String(error))); // such as in a page over https that asks for ws://
  }
  return {
    kind: "websocket",
    send: (frame) => socket?.readyState === 1 && socket.send(frame),
    close: () => {
      isOver = true;
      socket?.close(1000);
    },
  };
}
