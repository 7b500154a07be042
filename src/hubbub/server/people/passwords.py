"""Hashes and checks passwords (argon2id, RFC 9106) in threads of their own, a few at once, in bounded time and memory.

One hash takes 46 MiB while it is made. The library is loaded with the first one.
"""

import asyncio
import logging
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.names import is_text
from hubbub.server.people.guessable import is_guessable

FEWEST_BYTES = 8
MOST_BYTES = 1_024
AT_ONCE = 2
MOST_WAITING = 16
RETRY_AFTER = 1.0  # seconds; about as long as it takes to hash what waits

T = TypeVar("T")
log = logging.getLogger(__name__)


class Hasher(Protocol):
    """Makes and checks hashes, which hold their own salt and parameters. Slow, and called from several threads."""

    @property
    def decoy(self) -> str:
        """A hash of no password that anyone knows, which takes as long to check as any."""

    def hash(self, password: bytes) -> str:
        """Return a new hash of a password."""

    def check(self, password: bytes, known: str) -> bool:
        """Whether it is the password of this hash. Raises RefusalError if that can't be told."""

    def is_outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""


class Verdict(NamedTuple):
    """Whether a password is right. `renewed` is a new hash of it to store, if the known one is outdated."""

    is_right: bool
    renewed: str | None = None


def fault(password: str, handle: str) -> Refusal | None:
    """Return why an account with this handle may not have this password, or None if it may."""
    if refusal := _unusable(password):
        return refusal
    if len(password.encode()) < FEWEST_BYTES:
        detail = f"Invalid password: use at least {FEWEST_BYTES} characters"  # which are as many bytes, or more
        return Refusal("bad_request", detail)
    if is_guessable(password, handle):
        hint = "Use several words, or let a password manager make one"
        return Refusal("bad_request", "Invalid password: it is too easy to guess", hint=hint)
    return None


class Passwords:
    """At most `AT_ONCE` hashes at a time; a few more wait, and the rest is refused (`busy`)."""

    def __init__(self, hasher: Callable[[], Hasher] | None = None) -> None:
        """`hasher` is called in a thread when the first password is hashed; Argon2id by default."""
        self._new_hasher = hasher or Argon2
        self._taken = 0

    async def hash(self, password: str) -> str:
        """Return a hash of a new password to store. Raises RefusalError: `busy`, or what `fault` returns beforehand."""
        given = _bytes_of(password)
        return await self._run(lambda: self._hasher.hash(given))

    async def check(self, password: str, known: str | None) -> Verdict:
        """Check a password against the stored hash. None, for an unknown account, takes as long and is never right.

        Raises RefusalError: `busy`, `unavailable`, `too_large`, or `bad_request` if it isn't valid Unicode.
        """
        given = _bytes_of(password)
        return await self._run(lambda: self._judge(given, known))

    def close(self) -> None:
        """Start no more hashes. One that runs ends by itself."""
        if "_threads" in self.__dict__:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        """Do the work in a thread. It is done even if nobody waits for it any more, and takes its place until then."""
        if self._taken >= AT_ONCE + MOST_WAITING:
            raise RefusalError(
                "busy", "Too many passwords to check at once", retry_after=RETRY_AFTER
            )
        self._taken += 1
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        done.add_done_callback(lambda _: self._free())
        return await asyncio.shield(done)

    def _free(self) -> None:
        self._taken -= 1

    def _judge(self, given: bytes, known: str | None) -> Verdict:
        is_right = self._hasher.check(given, self._hasher.decoy if known is None else known)
        if not is_right or known is None:
            return Verdict(False)
        is_outdated = self._hasher.is_outdated(known)
        return Verdict(True, self._hasher.hash(given) if is_outdated else None)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")

    @cached_property
    def _hasher(self) -> Hasher:
        return self._new_hasher()


class Argon2:
    """Argon2id with one pass and one lane over 46 MiB, which OWASP recommends where memory is dearer than time."""

    def __init__(self, kibibytes: int = 46 * 1_024) -> None:
        import argon2  # takes 40 ms and 4 MB

        self._errors = argon2.exceptions
        self._hasher = argon2.PasswordHasher(
            time_cost=1, memory_cost=kibibytes, parallelism=1, hash_len=32, salt_len=16
        )
        self._parameters = f"$argon2id$v={argon2.low_level.ARGON2_VERSION}$m={kibibytes},t=1,p=1"

    @property
    def decoy(self) -> str:
        """A hash of no password that anyone knows."""
        parts = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
        return "$".join((self._parameters, *parts))

    def hash(self, password: bytes) -> str:
        """Return a new hash of a password. Raises RefusalError (`unavailable`) if there is no memory for it."""
        try:
            return self._hasher.hash(password)
        except self._errors.HashingError as error:
            raise _failed(error) from None

    def check(self, password: bytes, known: str) -> bool:
        """Whether it is the password of this hash. Raises RefusalError (`unavailable`) if that can't be told."""
        try:
            return self._hasher.verify(known, password)
        except self._errors.VerifyMismatchError:
            return False
        except (self._errors.VerificationError, self._errors.InvalidHashError) as error:
            raise _failed(error) from None

    def is_outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""
        return self._hasher.check_needs_rehash(known)


def _failed(error: Exception) -> RefusalError:
    log.warning("A password could not be checked: %s", error)
    return RefusalError(
        "unavailable", "Passwords can't be checked now; try again later", retry_after=RETRY_AFTER
    )


def _bytes_of(password: str) -> bytes:
    """Return what is hashed: the same for all keyboards that type the same password. Raises RefusalError."""
    if refusal := _unusable(password):
        raise RefusalError.of(refusal)
    return unicodedata.normalize("NFC", password).encode()


def _unusable(password: str) -> Refusal | None:
    if len(password) > MOST_BYTES or len(password.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        return Refusal("too_large", f"Password too long: use at most {MOST_BYTES:,} bytes")
    if not is_text(password):
        return Refusal("bad_request", "Invalid password: use UTF-8 without NUL")
    return None
