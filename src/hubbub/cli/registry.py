"""The commands. Nothing else names them, so a new one is its module and a line here."""

import argparse
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from hubbub.cli.parsing import Parser

COMMANDS = {  # in the order in which `hubbub --help` lists them
    "serve": "hubbub.cli.commands.serve",
    "config": "hubbub.cli.commands.config",
    "user": "hubbub.cli.commands.user",
    "invite": "hubbub.cli.commands.invite",
    "emoji": "hubbub.cli.commands.emoji",
    "files": "hubbub.cli.commands.files",
    "token": "hubbub.cli.commands.token",
    "backup": "hubbub.cli.commands.backup",
    "restore": "hubbub.cli.commands.restore",
    "db": "hubbub.cli.commands.db",
    "verify": "hubbub.cli.commands.verify",
    "doctor": "hubbub.cli.commands.doctor",
    "login": "hubbub.cli.commands.login",
    "logout": "hubbub.cli.commands.logout",
    "chat": "hubbub.cli.commands.chat",
    "send": "hubbub.cli.commands.send",
    "tail": "hubbub.cli.commands.tail",
    "search": "hubbub.cli.commands.search",
    "picture": "hubbub.cli.commands.picture",
}


class Subcommand(Protocol):
    """What a command's module has. It is loaded for `hubbub --help`, too, so it imports what `run` needs only there."""

    SUMMARY: str  # in lower case, without a period
    EXAMPLES: str  # indented lines; errors repeat the first, without its comment

    def add_options(self, parser: Parser) -> None:
        """Add the command's options and arguments, or its actions."""

    def run(self, chosen: argparse.Namespace) -> int:
        """Run the command and return its exit code."""


def registered(asked: str = "") -> Iterator[tuple[str, Subcommand]]:
    """Return each command with its name; only the one that is asked for, if there is one of that name."""
    for name in [asked] if asked in COMMANDS else COMMANDS:
        yield name, cast(Subcommand, import_module(COMMANDS[name]))
