"""The page's SDK, in Node.js: what becomes of changes when a connection is cut."""

import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.support.checkout import ROOT
from tests.support.node import NODE, node_script

SCRIPT = """
const { Client, Outbox } = await import(process.argv[2]);
const client = new Client({ url: process.argv[3], name: "ada", outbox: new Outbox() });
const asked = { do: "react", room: "lobby", seq: 1, emoji: "x" };
client.on("state", ({ state }) => {
  if (state !== "connected" || client.hasAsked) return;
  client.hasAsked = true;
  client.ask({ do: "history", room: "lobby" }).catch(({ message }) => console.log(message));
  client.ask(asked).then(({ seq }) => {
    console.log(seq);
    client.close();
  });
});
client.connect();
"""


@pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js: make clients")
async def test_a_change_is_sent_again_after_a_cut_with_the_same_key(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = []

    async def speak(connection: ServerConnection) -> None:
        async for frame in connection:
            command = json.loads(frame)
            if command["do"] == "hello":
                ok: dict[str, Any] = {"user": "ada", "limits": {"message_bytes": 1000}}
            elif command["do"] == "react":
                changes.append(command)
                if len(changes) == 1:
                    return  # the answer is lost
                ok = {"room": "lobby", "seq": 7, "duplicate": True}
            else:
                assert "client_message_id" not in command
                continue
            await connection.send(json.dumps({"re": command["id"], "ok": ok}))

    script = tmp_path / "script.mjs"
    script.write_text(SCRIPT)
    async with serve(speak, "127.0.0.1", 0, subprotocols=[Subprotocol("hubbub.v1")]) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws"
        async with node_script(script, str(ROOT / "web" / "sdk" / "index.ts"), url) as process:
            assert process.stdout is not None
            told = (await process.stdout.read()).decode().splitlines()
    assert told == ["The connection was cut", "7"]
    assert changes[0] == changes[1] and changes[0]["client_message_id"]
