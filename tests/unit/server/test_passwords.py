import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from hubbub.protocol.errors import RefusalError
from hubbub.server.people.passwords import (
    AT_ONCE,
    MOST_WAITING,
    Argon2,
    Passwords,
    Verdict,
    fault,
)

PASSWORD = "kitchen-lamp-42"


def cheap() -> Argon2:
    return Argon2(kibibytes=8)


class Gate:
    """A hasher that works on what it was given only when it is told to, and notes what it did."""

    decoy = "decoy"

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.busy = self.most_busy = 0
        self.did: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self._lock = threading.Lock()

    def hash(self, password: bytes) -> str:
        self._work("hash", password.decode())
        return f"hash of {password.decode()}"

    def check(self, password: bytes, known: str) -> bool:
        self._work("check", known)
        return known.endswith(f" of {password.decode()}")

    def is_outdated(self, known: str) -> bool:
        return known.startswith("old")

    def _work(self, what: str, on: str) -> None:
        with self._lock:
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            self.threads.add(threading.get_ident())
        self.began.release()
        self.may_end.acquire()
        with self._lock:
            self.busy -= 1
            self.did.append((what, on))
        self.ended.release()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def passwords(gate: Gate) -> AsyncIterator[Passwords]:
    passwords = Passwords(lambda: gate)
    yield passwords
    passwords.close()
    gate.may_end.release(100)


async def times(count: int, event: threading.Semaphore) -> None:
    for _ in range(count):
        await asyncio.to_thread(event.acquire)


@pytest.mark.parametrize("password", [PASSWORD, "пароль-кухни", "x7" * 512, "zebra 🦓 crossing"])
async def test_a_password_is_right_for_its_own_hash_only(password: str) -> None:
    passwords = Passwords(cheap)
    known = await passwords.hash(password)
    assert await passwords.check(password, known) == Verdict(True)
    assert await passwords.check(password + "!" if len(password) < 900 else "y", known) == Verdict(
        False
    )
    assert password not in known and known != await passwords.hash(password)
    passwords.close()


async def test_a_password_is_the_same_in_every_normal_form() -> None:
    passwords = Passwords(cheap)
    known = await passwords.hash("zoe\u0308-on-a-bike")
    assert (await passwords.check("zoë-on-a-bike", known)).is_right
    passwords.close()


async def test_a_hash_is_argon2id_with_46_mib(
    cheap_passwords: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Argon2.__init__, "__defaults__", cheap_passwords)
    passwords = Passwords()
    known = await passwords.hash(PASSWORD)
    assert known.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert await passwords.check(PASSWORD, known) == Verdict(True)
    passwords.close()


async def test_an_outdated_hash_is_renewed_for_the_right_password_only() -> None:
    passwords = Passwords(lambda: Argon2(kibibytes=16))
    known = cheap().hash(PASSWORD.encode())
    renewed = (await passwords.check(PASSWORD, known)).renewed
    assert renewed is not None
    assert await passwords.check(PASSWORD, renewed) == Verdict(True)
    assert await passwords.check("another-lamp-42", known) == Verdict(False)
    passwords.close()


@pytest.mark.parametrize("known", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$!$!"])
async def test_what_is_no_hash_makes_no_password_right_or_wrong(known: str) -> None:
    passwords = Passwords(cheap)
    with pytest.raises(RefusalError, match="unavailable"):
        await passwords.check(PASSWORD, known)
    passwords.close()


async def test_an_unknown_account_costs_the_same_work_and_no_password_is_right(
    gate: Gate, passwords: Passwords
) -> None:
    gate.may_end.release(2)
    assert await passwords.check(PASSWORD, f"hash of {PASSWORD}") == Verdict(True)
    assert await passwords.check(PASSWORD, None) == Verdict(False)
    assert gate.did == [("check", f"hash of {PASSWORD}"), ("check", "decoy")]


async def test_not_even_the_password_of_the_decoy_is_right(
    gate: Gate, passwords: Passwords
) -> None:
    gate.decoy = f"hash of {PASSWORD}"
    gate.may_end.release()
    assert await passwords.check(PASSWORD, None) == Verdict(False)


def test_a_decoy_is_a_hash_like_any_other_and_never_the_same() -> None:
    hasher = cheap()
    assert not hasher.check(PASSWORD.encode(), hasher.decoy)
    assert not hasher.is_outdated(hasher.decoy)
    assert len(hasher.decoy) == len(hasher.hash(b""))
    assert hasher.decoy != hasher.decoy


async def test_a_few_are_hashed_at_once_off_the_loop_and_a_few_more_wait(
    gate: Gate, passwords: Passwords
) -> None:
    tasks = [asyncio.ensure_future(passwords.hash(f"{PASSWORD}{n}")) for n in range(100)]
    await times(AT_ONCE, gate.began)
    refused = [task for task in tasks if task.done()]
    assert len(refused) == 100 - AT_ONCE - MOST_WAITING
    for task in refused:
        error = task.exception()
        assert isinstance(error, RefusalError)
        assert (error.refusal.code, error.refusal.retry_after) == ("busy", 1.0)
    gate.may_end.release(100)
    done = await asyncio.gather(*(task for task in tasks if task not in refused))
    assert done == [f"hash of {PASSWORD}{n}" for n in range(AT_ONCE + MOST_WAITING)]
    assert gate.most_busy == AT_ONCE
    assert threading.get_ident() not in gate.threads


async def test_work_takes_its_place_until_it_is_done_even_if_nobody_waits_for_it(
    gate: Gate, passwords: Passwords
) -> None:
    tasks = [asyncio.ensure_future(passwords.hash(PASSWORD)) for _ in range(AT_ONCE + MOST_WAITING)]
    await times(AT_ONCE, gate.began)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with pytest.raises(RefusalError, match="busy"):
        await passwords.hash(PASSWORD)
    gate.may_end.release(100)
    await times(len(tasks), gate.ended)  # the loop has heard of all but the last two
    assert await passwords.hash(PASSWORD) == f"hash of {PASSWORD}"


@pytest.mark.parametrize(
    "password, code",
    [
        *(("", "bad_request"), ("lamp-42", "bad_request"), ("пар", "bad_request")),
        *(("x7" * 513, "too_large"), ("é" * 513, "too_large"), ("x" * 2**20, "too_large")),
        *(("lamp-\0-kitchen", "bad_request"), ("lamp-\ud800-kitchen", "bad_request")),
        *(("password1", "bad_request"), ("ada-2024", "bad_request")),
    ],
)
def test_a_password_is_refused(password: str, code: str) -> None:
    refusal = fault(password, "ada")
    assert refusal is not None and refusal.code == code
    assert password == "" or password not in refusal.detail


@pytest.mark.parametrize("password", ["Xk9#mQ2v", "пароль", "kitchen-lé" * 93 + "x", PASSWORD])
def test_a_password_is_taken(password: str) -> None:
    assert fault(password, "ada") is None


@pytest.mark.parametrize(
    "password, code",
    [("x" * 2**20, "too_large"), ("a\0b", "bad_request"), ("\ud800", "bad_request")],
)
async def test_what_no_password_can_be_is_refused_without_any_work(
    gate: Gate, passwords: Passwords, password: str, code: str
) -> None:
    for known in (None, "hash of something"):
        with pytest.raises(RefusalError, match=code):
            await passwords.check(password, known)
    assert not gate.threads


@pytest.mark.parametrize("password", ["", "short"])
async def test_a_password_that_is_too_short_is_wrong_and_costs_the_same(
    gate: Gate, passwords: Passwords, password: str
) -> None:
    gate.may_end.release()
    assert await passwords.check(password, f"hash of {PASSWORD}") == Verdict(False)
    assert len(gate.did) == 1


def test_the_library_is_not_loaded_before_the_first_password() -> None:
    code = (
        "import sys; from hubbub.server.people.passwords import Passwords; Passwords().close(); "
        "sys.exit('argon2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_without_memory_nothing_is_right_or_wrong() -> None:
    passwords = Passwords(lambda: Argon2(kibibytes=2**31))
    with pytest.raises(RefusalError, match="unavailable"):
        await passwords.hash(PASSWORD)
    with pytest.raises(RefusalError, match="unavailable"):
        await passwords.check(PASSWORD, None)
    passwords.close()
