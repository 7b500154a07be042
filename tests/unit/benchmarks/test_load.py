"""The load generator against servers that lose, repeat, and mix up what they should deliver."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks import generator
from benchmarks.generator import Dialect, Line, Load, LoadFailed, Target
from benchmarks.measure import remarks_on

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")

Everyone = list[ServerConnection]
Deliver = Callable[[Everyone, str, int], Awaitable[None]]  # a text, and its number from 1 on

FEW = Load(clients=3, senders=2, window=2, warmup=0, seconds=30, settle=0, drain=1, limit=40)
# Where nothing is missing nobody waits, however slow the machine is.
PATIENTLY = replace(FEW, drain=20)
FAULTS = ("gaps", "repeats", "strays", "missing", "broken", "refused")


async def to_everyone(clients: Everyone, text: str, number: int) -> None:
    for client in clients:
        await client.send(text)


async def all_but_one(clients: Everyone, text: str, number: int) -> None:
    await to_everyone(clients[:-1] if number == 7 else clients, text, number)


async def one_twice(clients: Everyone, text: str, number: int) -> None:
    await to_everyone(clients, text, number)
    if number == 7:
        await clients[-1].send(text)


async def all_but_the_last(clients: Everyone, text: str, number: int) -> None:
    await to_everyone(clients[:-1] if number == FEW.limit else clients, text, number)


async def hangs_up_on_one(clients: Everyone, text: str, number: int) -> None:
    await to_everyone(clients, text, number)
    if number == 7:
        await clients.pop().close()


async def refuses_one(clients: Everyone, text: str, number: int) -> None:
    if number == 7:
        await clients[0].send('{"error": "no"}')
    await to_everyone(clients, text, number)


@asynccontextmanager
async def server(deliver: Deliver) -> AsyncIterator[Target]:
    clients: Everyone = []
    number = 0
    one_at_a_time = asyncio.Lock()

    async def serve_one(client: ServerConnection) -> None:
        nonlocal number
        clients.append(client)
        with suppress(ConnectionClosed):  # the load just goes
            async for text in client:
                assert isinstance(text, str)
                async with one_at_a_time:
                    number += 1
                    await deliver(clients, text, number)

    async with serve(serve_one, "127.0.0.1", 0, compression=None) as running:
        port = next(iter(running.sockets)).getsockname()[1]
        yield Target(port, (), Dialect(refused='"error"'))


async def load_on(deliver: Deliver, load: Load = FEW) -> Line:
    async with server(deliver) as target:
        return await asyncio.to_thread(generator.run, load, target)


async def test_every_delivery_is_counted_once() -> None:
    line = await load_on(to_everyone, PATIENTLY)
    assert (line["posted"], line["received"]) == (40, 40 * 3)
    assert [line[fault] for fault in FAULTS] == [0] * 6
    assert remarks_on(line, PATIENTLY) == []


@pytest.mark.parametrize(
    "deliver, fault, count",
    [
        (all_but_one, "gaps", 1),
        (one_twice, "repeats", 1),
        (all_but_the_last, "missing", 1),
        (hangs_up_on_one, "broken", 1),
        (refuses_one, "refused", 1),
    ],
)
async def test_each_fault_of_a_server_is_noticed(deliver: Deliver, fault: str, count: int) -> None:
    line = await load_on(deliver)
    assert line[fault] == count
    assert remarks_on(line, FEW)


async def test_what_comes_out_of_order_is_noticed() -> None:
    held: list[str] = []

    async def swap_two(clients: Everyone, text: str, number: int) -> None:
        if number == 7:
            held.append(text)
            return
        await to_everyone(clients, text, number)
        while number > 7 and held:
            await to_everyone(clients, held.pop(), number)

    load = Load(clients=3, senders=1, window=4, warmup=0, seconds=30, settle=0, drain=1, limit=40)
    line = await load_on(swap_two, load)
    assert (line["gaps"], line["repeats"]) == (3, 3)


async def test_a_delivery_to_another_room_is_noticed() -> None:
    load = Load(clients=4, rooms=2, members=2, settle=0, warmup=0, seconds=30, drain=20, limit=20)
    line = await load_on(to_everyone, load)  # two rooms' members each, and two who are in neither
    assert line["received"] == 40
    assert line["strays"] > 0


async def test_texts_joined_in_frames_larger_than_the_buffer_are_all_found() -> None:
    texts: list[str] = []

    async def in_one_frame(clients: Everyone, text: str, number: int) -> None:
        texts.append(text)
        if len(texts) == 10_000:
            await to_everyone(clients, "".join(f"MSG {i}\r\n{t}" for i, t in enumerate(texts)), 0)

    load = Load(clients=2, window=10_000, warmup=0, seconds=30, settle=0, drain=20, limit=10_000)
    line = await load_on(in_one_frame, load)
    assert (line["received"], line["gaps"], line["missing"]) == (20_000, 0, 0)


async def test_a_frame_may_come_byte_by_byte() -> None:
    async def in_bytes(clients: Everyone, text: str, number: int) -> None:
        for client in clients:
            client.transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )
            for byte in bytes((0x81, len(text))) + text.encode():
                client.transport.write(bytes((byte,)))
                await asyncio.sleep(0)

    line = await load_on(in_bytes, PATIENTLY)
    assert (line["received"], line["gaps"], line["missing"]) == (120, 0, 0)


async def test_pings_are_answered() -> None:
    latencies: list[float] = []

    async def after_a_ping(clients: Everyone, text: str, number: int) -> None:
        for client in clients:
            latencies.append(await (await client.ping()))
        await to_everyone(clients, text, number)

    await load_on(after_a_ping, PATIENTLY)
    assert len(latencies) == 120


async def test_an_answer_to_a_post_is_a_commit_and_no_delivery() -> None:
    async def answer_first(clients: Everyone, text: str, number: int) -> None:
        key, _, words = text.partition("|")
        await clients[0].send(f"ok {key}")
        await to_everyone(clients, words, number)

    dialect = Dialect(message_with_ack="%m|%t", ack="ok ")
    load = Load(clients=1, warmup=0, seconds=30, settle=0, drain=20, limit=20, with_ack=True)
    async with server(answer_first) as target:
        line = await asyncio.to_thread(generator.run, load, Target(target.port, (), dialect))
    assert (line["received"], line["commit_us"]["count"], line["delivery_us"]["count"]) == (
        20,
        20,
        20,
    )


async def test_a_server_that_refuses_the_dialogue_is_said_to() -> None:
    async def refuse(clients: Everyone, text: str, number: int) -> None:
        await clients[0].send('{"error": "who are you?"}')

    dialect = Dialect(steps=(("hello", "welcome"),), refused='"error"')
    async with server(refuse) as target:
        with pytest.raises(LoadFailed, match="who are you"):
            await asyncio.to_thread(
                generator.run, Load(clients=1), Target(target.port, (), dialect)
            )


def test_without_a_compiler_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path_factory.mktemp("c") / "never.c"
    source.write_text("int main(void) { return 0; }\n")
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(LoadFailed, match="needs a C compiler"):
        generator.compile_c(source)
