"""Issues, lists and revokes tokens, whether or not a server is running."""

import json
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from hubbub.domain.patterns import PATTERNS_RULE, are_room_patterns
from hubbub.domain.principals import SCOPES
from hubbub.protocol.names import person_name_fault
from hubbub.protocol.secrets import digest_of
from hubbub.server.audit import audit
from hubbub.server.config import Settings
from hubbub.server.people.tokens import PREFIX
from hubbub.server.process.logs import open_audit
from hubbub.server.stores.base import StoreFailed, Token
from hubbub.server.stores.kinds import IssuedTokens
from hubbub.server.stores.registry import kind_of

SECONDS = {"m": 60, "h": 3600, "d": 86_400}


class CannotIssue(Exception):
    """Issuing failed. The message says why, and what to do."""


def create(settings: Settings, name: str, can: str, rooms: str, expires_in: str | None) -> None:
    """Issue a token and print it; it can't be shown again. Raises CannotIssue."""
    scopes, patterns = _split(can), _split(rooms)
    if fault := person_name_fault(name):
        raise CannotIssue(f"--name {name!r}: {fault}")
    if not scopes or not set(scopes) <= SCOPES.keys():
        raise CannotIssue(f"Invalid --can {can}: use one or more of {', '.join(SCOPES)}")
    if not patterns or not are_room_patterns(patterns):
        raise CannotIssue(f"Invalid --rooms {rooms}: use {PATTERNS_RULE}")
    expires_at = None if expires_in is None else time.time() + _seconds(expires_in)
    secret = PREFIX + secrets.token_urlsafe(32)
    with _tokens(settings) as tokens:
        if any(token.name == name for token in tokens.list()):
            raise CannotIssue(
                f"A token named {name} exists; revoke it first, or choose another name"
            )
        id_, digest = secrets.token_hex(4), digest_of(secret)
        token = Token(id_, name, digest, scopes, patterns, _now(), expires_at)
        tokens.add(token)
        audit("token created", token=token.id, who=name, can=scopes, rooms=patterns)
    print(f"{_described(token)}\nSave the token now; it can't be shown again:", file=sys.stderr)
    print(secret)


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the tokens that were issued. Raises CannotIssue."""
    with _tokens(settings) as tokens:
        for token in tokens.list():
            if as_json:
                row = token._asdict()
                del row["digest"]
                print(json.dumps(row))
            else:
                print(_described(token))


def revoke(settings: Settings, id_or_name: str) -> None:
    """Revoke tokens. Raises CannotIssue."""
    with _tokens(settings) as tokens:
        ids = tokens.revoke(id_or_name, _now())
        for token in ids:
            audit("token revoked", token=token)
    if not ids:
        raise CannotIssue(f"No token {id_or_name!r}; `hubbub token list` lists all tokens")
    print(f"Revoked: {', '.join(ids)}")


@contextmanager
def _tokens(settings: Settings) -> Iterator[IssuedTokens]:
    try:
        tokens = kind_of(settings.store).open_tokens(settings.store, settings.data)
        open_audit(settings.data)
        try:
            yield tokens
        finally:
            tokens.close()
    except StoreFailed as error:
        raise CannotIssue(str(error)) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _described(token: Token) -> str:
    until = ""
    if token.expires_at is not None:
        until = f"  until {datetime.fromtimestamp(token.expires_at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    can, rooms = ",".join(token.can), ",".join(token.rooms)
    return f"{token.id}  {token.name}  can {can}  in {rooms}  since {token.created_at}{until}"


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if found is None:
        raise CannotIssue(f"Invalid --expires-in {text}: use a duration such as 90d, 12h or 30m")
    return float(found[1]) * SECONDS[found[2]]
