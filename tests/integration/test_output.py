"""What a server prints and logs: it neither waits for a reader nor fails for want of one."""

import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from hubbub.server.audit import audit
from hubbub.server.process import logs
from hubbub.server.process.output import MAX_BYTES, Pump

LINE = b"x" * 1023 + b"\n"


class Pipe(NamedTuple):
    """One whose reader may be slow, or gone."""

    reading: int
    writing: int


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe(*os.pipe())
    fcntl.fcntl(pipe.writing, fcntl.F_SETPIPE_SZ, 4096)
    yield pipe
    for end in pipe:
        try:
            os.close(end)
        except OSError:
            pass  # the test has closed it


def read(pipe: Pipe, size: int) -> bytes:
    """So many bytes, however long they take."""
    found = b""
    while len(found) < size:
        found += os.read(pipe.reading, size - len(found))
    return found


def test_a_reader_who_does_not_read_costs_lines_and_no_time(pipe: Pipe) -> None:
    pump = Pump(pipe.writing)
    for _ in range(MAX_BYTES // len(LINE)):
        pump.write(LINE)
    assert pump.lost == 0
    for _ in range(7):
        pump.write(b"y" * MAX_BYTES)
    assert pump.lost == 7
    kept = read(pipe, MAX_BYTES)
    assert set(kept) == set(LINE)
    pump.write(b"and on\n")
    assert read(pipe, 7) == b"and on\n"


def test_a_reader_who_has_gone_costs_lines(pipe: Pipe) -> None:
    os.close(pipe.reading)
    pump = Pump(pipe.writing)
    for n in range(3):
        pump.write(LINE)
        pump.drain()
        assert pump.lost == n + 1


def test_what_another_has_made_non_blocking_is_waited_for_elsewhere(pipe: Pipe) -> None:
    os.set_blocking(pipe.writing, False)
    pump = Pump(pipe.writing)
    for _ in range(50):
        pump.write(LINE)
    assert read(pipe, 50 * len(LINE)) == 50 * LINE
    assert pump.lost == 0


def test_a_worker_that_was_forked_writes_too(pipe: Pipe) -> None:
    pump = Pump(pipe.writing)
    pump.write(b"parent\n")
    assert read(pipe, 7) == b"parent\n"
    if not (child := os.fork()):
        try:
            pump.write(b"child\n")
            pump.drain()
        finally:
            os._exit(0)
    assert read(pipe, 6) == b"child\n"
    os.waitpid(child, 0)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What came to standard error; the logs are put back afterwards."""
    root, raises = logging.getLogger(), logging.raiseExceptions
    before = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers, root.level = before
    logging.raiseExceptions = raises
    own = logging.getLogger("hubbub.audit")
    for handler in list(own.handlers):
        own.removeHandler(handler)
        with suppress(OSError):  # there is still something that can't be written
            handler.close()
    own.propagate = True


def test_the_next_line_says_how_many_were_lost(said: Callable[[], str]) -> None:
    lost = 0
    logs.configure("json", "info", lambda: lost)
    log = logging.getLogger("hubbub.test")
    log.info("one")
    lost = 3
    log.info("two")
    log.info("three")
    told = [json.loads(line).get("lost_lines") for line in said().splitlines()]
    assert told == [None, 3, None]


@pytest.mark.parametrize("place", ["gone", "full"])
def test_an_audit_log_that_can_not_be_written_is_told_of_and_nothing_fails(
    said: Callable[[], str], tmp_path: Path, place: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if place == "full":
        (data / "audit.log").symlink_to("/dev/full")
    logs.configure("text", "info", lambda: 0)
    logs.open_audit(data)
    if place == "gone":
        (data / "audit.log").unlink()
        data.rmdir()
    audit("admitted", who="ada")
    assert "Can't write the audit log" in said()
