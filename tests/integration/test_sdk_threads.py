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


async def test_changes_tell_of_the_threads_that_one_follows(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        grace = await here.ada.bring_in("grace")
        async with (
            hubbub.connect(here.ada.url, token=here.ada.token) as ada,
            hubbub.connect(here.ada.url, token=grace.token) as other,
        ):
            key = await ada.create_room("open", "Kitchen", people=[grace.account])
            old = f"{key}:{(await ada.post(key, 'old')).seq}"
            await other.post(old, "reply")
            changes = ada.me.changes()
            await ada.me.open()

            async def told() -> tuple[type, str, int, int]:
                """The next change about a thread."""
                async for change in changes:
                    if thread := getattr(change, "thread", None):
                        return type(change), thread.thread, thread.unread, thread.mentions
                raise AssertionError("no more changes")

            await other.post(old, "again")
            assert await told() == (hubbub.ThreadMoved, old, 2, 0)
            await ada.me.read(old, 99)
            while await told() != (hubbub.ThreadRead, old, 0, 0):
                """That one has read on and what is unread may be told one after the other."""
            new = f"{key}:{(await ada.post(key, 'new')).seq}"
            await other.post(new, "reply")
            assert await told() == (hubbub.ThreadAdded, new, 1, 0)
            await other.post(new, "@ada again")
            while (await told())[1:] != (new, 2, 1):
                """The mention and the reply may be told one after the other."""
            await ada.me.unfollow_thread(old)
            assert await told() == (hubbub.ThreadDropped, old, 0, 0)
