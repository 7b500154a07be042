"""socketify, which is uWebSockets (C++) for Python: its own publish to one topic."""

import sys

from socketify import App, AppListenOptions, OpCode, WebSocket

app = App()


def join(client: WebSocket) -> None:
    client.subscribe("room")


def receive(_: WebSocket, message: str | bytes, opcode: OpCode) -> None:
    app.publish("room", message, opcode)


app.ws("/*", {"open": join, "message": receive})
app.listen(
    AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"),
    lambda _: print("ready", flush=True),
)
app.run()
