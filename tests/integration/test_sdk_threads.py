"""Threads in the Python SDK: as rooms, and what a room and an account know of them."""

from pathlib import Path

import hubbub
from tests.support.site import site


async def test_a_thread_is_like_a_room_and_its_room_learns_of_it(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        url = f"http://127.0.0.1:{here.server.port}"
        async with hubbub.connect(url, token=here.ada.token) as client:
            key = await client.create_room("open", "Kitchen")
            room = await client.follow(key)
            signals = room.signals()
            root = (await room.post("root")).seq
            thread = await room.thread(root)
            await thread.post("reply", also_in_room=True)
            async for event in thread:
                assert isinstance(event, hubbub.Posted) and event.text == "reply"
                break
            async for signal in signals:
                if isinstance(signal, hubbub.ThreadsMoved):
                    break
            assert room.threads[root].replies == 1
            [listed] = (await room.list_threads()).threads
            [own] = (await client.me.threads()).threads
            assert listed.thread == own.thread == thread.name == f"{key}:{root}"
            assert await client.me.unfollow_thread(thread.name)
            assert (await client.me.threads()).threads == []
            assert await thread.end_thread() and await thread.reopen_thread()
