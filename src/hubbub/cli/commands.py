"""What each command does: it calls one function, and imports what that needs only then."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.cli.arguments import ALL_SETTINGS, DEFAULT_URL
from hubbub.cli.parsing import USAGE

if TYPE_CHECKING:
    from hubbub.client import Client
    from hubbub.server.config import Settings

FAILED, REFUSED, UNREACHABLE = 1, 3, 4  # exit codes, like USAGE
START_SECONDS = 10.0
HINTS = {  # for refusals by the server
    "name_taken": "; choose another name with --name",
    "unauthenticated": "; set HUBBUB_TOKEN to a valid token",
}

Subcommand = Callable[[argparse.Namespace], int]


def _reading_settings(run: Subcommand) -> Subcommand:
    """Wrap a command that reads settings: invalid settings count as invalid usage."""

    def command(chosen: argparse.Namespace) -> int:
        from hubbub.server.config import BadSettings

        try:
            return run(chosen)
        except BadSettings as error:
            return fail(USAGE, error)

    return command


def _using_the_sdk(run: Subcommand) -> Subcommand:
    """Wrap a command that uses the SDK: turn its exceptions into exit codes."""

    def command(chosen: argparse.Namespace) -> int:
        from hubbub.client import Closed, Refused, Unknown, Unreachable
        from hubbub.terminal.stdin import BadInput

        if why := _mistake_in_environment():
            return fail(USAGE, why)
        try:
            return run(chosen)
        except BadInput as error:
            return fail(USAGE, error)
        except Refused as error:
            hint = HINTS.get(error.code, "")
            return fail(REFUSED, f"Refused: {error.message} ({error.code}){hint}")
        except (Unreachable, Closed, Unknown) as error:
            return fail(UNREACHABLE, error)

    return command


def _mistake_in_environment() -> str | None:
    """The mistake in the environment, if there is one. Clients read no settings, which would find it."""
    from hubbub.server.variables import mistake_in

    return mistake_in(os.environ, ALL_SETTINGS)


def fail(code: int, message: object) -> int:
    """Print an error to standard error and return the exit code."""
    from hubbub.terminal.text import visible

    print(f"hubbub: {visible(str(message))}", file=sys.stderr)
    return code


@_reading_settings
def serve(chosen: argparse.Namespace) -> int:
    """Run a server until it is stopped."""
    from hubbub.server.app import CannotStart
    from hubbub.server.config import load
    from hubbub.server.serving import serve

    try:
        serve(load(_flags(chosen), os.environ, _settings_file(chosen.config)))
    except CannotStart as error:
        return fail(FAILED, error)
    return 0


@_reading_settings
def config(chosen: argparse.Namespace) -> int:
    """Show the settings."""
    from hubbub.server.admin.showing import show

    file = _settings_file(chosen.config)
    show(_flags(chosen), os.environ, file, with_origin=chosen.origin)
    return 0


def _flags(chosen: argparse.Namespace) -> dict[str, object]:
    return {name: value for name, value in vars(chosen).items() if name in ALL_SETTINGS}


@_reading_settings
def token(chosen: argparse.Namespace) -> int:
    """Create, list or revoke tokens."""
    from hubbub.server.admin.issuing import CannotIssue, create, revoke, show

    settings = _settings(chosen)
    try:
        match chosen.action:
            case "create":
                create(settings, chosen.name, chosen.can, chosen.rooms, chosen.expires_in)
            case "list":
                show(settings, as_json=chosen.json)
            case _:
                revoke(settings, chosen.token)
    except CannotIssue as error:
        return fail(FAILED, error)
    return 0


@_reading_settings
def backup(chosen: argparse.Namespace) -> int:
    """Copy the database to a file."""
    from hubbub.server.admin.copying import CannotCopy, back_up

    try:
        back_up(_settings(chosen), chosen.file)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0


@_reading_settings
def restore(chosen: argparse.Namespace) -> int:
    """Replace the database with a backup."""
    from hubbub.server.admin.copying import CannotCopy, restore

    try:
        restore(_settings(chosen), chosen.file)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0


@_reading_settings
def db(chosen: argparse.Namespace) -> int:
    """Copy one store to another."""
    from hubbub.server.admin.copying import CannotCopy, copy

    try:
        copy(chosen.source, chosen.target)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0


def _settings(chosen: argparse.Namespace) -> "Settings":
    from hubbub.server.config import load

    return load({"data": chosen.data}, os.environ, _settings_file(chosen.config))


def doctor(chosen: argparse.Namespace) -> int:
    """Diagnose this machine or the connection to a server."""
    from hubbub.doctor import examine_here, examine_there

    if chosen.url is not None:
        if why := _mistake_in_environment():
            return fail(USAGE, why)
        return 0 if examine_there(chosen.url, os.environ.get("HUBBUB_TOKEN")) else FAILED
    file = _settings_file(chosen.config)
    return 0 if examine_here(_flags(chosen), os.environ, file) else FAILED


@_using_the_sdk
def chat(chosen: argparse.Namespace) -> int:
    """Chat in a room."""
    from hubbub.terminal.chat import chat
    from hubbub.terminal.home import Drafts

    client = _client(chosen, None)
    drafts = Drafts(client.url, chosen.room, chosen.name, _token())
    chat(client, chosen.room, drafts, quiet=chosen.quiet)
    return 0


@_using_the_sdk
def send(chosen: argparse.Namespace) -> int:
    """Post messages."""
    from hubbub.terminal.send import MAX_PREFIX, SendOutput, send, send_lines

    form = SendOutput(chosen.json, chosen.quiet)
    if chosen.text:
        if chosen.idempotency is not None:
            return fail(
                USAGE,
                "--idempotency only applies to lines of standard input; with a TEXT, use --client-message-id",
            )
        timeout: float | None = chosen.timeout or START_SECONDS
        key = chosen.client_message_id
        client = _client(chosen, timeout)
        send(
            client,
            chosen.room,
            " ".join(chosen.text),
            client_message_id=key,
            timeout=timeout,
            form=form,
        )
        return 0
    if chosen.client_message_id is not None:
        return fail(USAGE, "--client-message-id requires the message as a TEXT argument")
    if chosen.idempotency is not None and not 1 <= len(chosen.idempotency) <= MAX_PREFIX:
        return fail(USAGE, f"Invalid --idempotency: use 1 to {MAX_PREFIX} characters")
    timeout = chosen.timeout
    client = _client(chosen, timeout)
    send_lines(client, chosen.room, prefix=chosen.idempotency, timeout=timeout, form=form)
    return 0


@_using_the_sdk
def tail(chosen: argparse.Namespace) -> int:
    """Follow a room."""
    from hubbub.terminal.tail import tail

    if chosen.epoch is not None and chosen.since is None:
        return fail(USAGE, "--epoch requires --since")
    tail(
        _client(chosen, START_SECONDS),
        chosen.room,
        since=chosen.since,
        epoch=chosen.epoch,
        last=chosen.last,
        as_json=chosen.json,
        quiet=chosen.quiet,
    )
    return 0


def _client(chosen: argparse.Namespace, timeout: float | None) -> "Client":
    """Return a client. `timeout` bounds the first connection and temporary refusals; None waits for ever."""
    from hubbub.client import connect

    url = chosen.url or os.environ.get("HUBBUB_URL") or DEFAULT_URL
    token = _token()
    patience = float("inf") if timeout is None else timeout
    try:
        key = None if token else _guest_key(url, chosen.name)
        return connect(
            url, name=chosen.name, token=token, key=key, open_timeout=timeout, patience=patience
        )
    except ValueError as error:
        raise SystemExit(fail(USAGE, error)) from None


def _token() -> str | None:
    """The token. It has no option, since other users of the machine can read command lines."""
    return os.environ.get("HUBBUB_TOKEN") or None


def _guest_key(url: str, name: str | None) -> str | None:
    from hubbub.terminal.home import guest_key

    try:
        return guest_key(url, name)
    except OSError as error:
        fail(
            FAILED,
            f"Can't save the key for your name, so the name is yours only until this command exits: {error}",
        )
        return None


def _settings_file(named: Path | None) -> Path | None:
    """The named file, else `hubbub.toml` in the working directory if it exists."""
    default = Path("hubbub.toml")
    return named or (default if default.exists() else None)
