"""picows, a WebSocket library in Cython: every message goes to every client."""

import sys

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

clients: set[WSTransport] = set()


class Client(WSListener):
    def on_ws_connected(self, transport: WSTransport) -> None:
        clients.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            message = frame.get_payload_as_bytes()
            for client in clients:
                client.send(WSMsgType.TEXT, message)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        clients.remove(transport)


def join(_: WSUpgradeRequest) -> WSListener:
    return Client()


async def main(port: int) -> None:
    server = await ws_create_server(join, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


uvloop.run(main(int(sys.argv[1])))
