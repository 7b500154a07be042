"""`hubbub send`."""

import argparse
from pathlib import Path

from hubbub.cli.exits import USAGE, fail
from hubbub.cli.parsing import Parser, seconds
from hubbub.cli.sdk import START_SECONDS, add_common, client, using_the_sdk

SUMMARY = "post messages and wait for their acknowledgements"
EXAMPLES = """\
  hubbub send lobby hello, everyone
  echo hi | hubbub send lobby           # each non-empty line is a message
  hubbub send '#plans' "lunch at noon"  # a room that people made, by its alias
  hubbub send '#plans' "the map" --file map.png --alt "The way to the lake"   # only with an account's token
  hubbub send builds "42 is green" --client-message-id build-42     # posted once, however often you run it
  hubbub send lobby --idempotency import-7 < lines.txt    # safe to run again after a failure"""


def add_options(parser: Parser) -> None:
    """Add the room, the text, and what applies to each."""
    parser.add_argument("room", metavar="ROOM", help="room to post to")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="message (default: lines of stdin)")
    add_common(parser)
    parser.add_argument(
        "--file",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="upload this file and post it, with the TEXT if there is one; can be repeated, up to 10 times",
    )
    parser.add_argument(
        "--alt",
        action="append",
        default=[],
        metavar="ALT",
        help="alt text of a picture, for people who can't see it; can be repeated: the first --alt is for the first --file, and so on",
    )
    parser.add_argument(
        "--client-message-id",
        metavar="ID",
        help="post only if no message with this ID was posted before",
    )
    parser.add_argument(
        "--idempotency",
        metavar="PREFIX",
        help="give the lines of stdin IDs that begin with PREFIX; the same input with the same PREFIX is posted only once",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up on a message after this time, reconnects included (default: 10 for a TEXT; "
        "no limit for lines of stdin)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print each acknowledgement as JSON, not only its seq"
    )


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """Post a message, or the lines of standard input."""
    if why := _mistake(chosen):
        return fail(USAGE, why)
    if chosen.text or chosen.file:
        _send_text(chosen)
    else:
        _send_lines(chosen)
    return 0


def _mistake(chosen: argparse.Namespace) -> str | None:
    """What is wrong with the combination of options, if anything is."""
    from hubbub.protocol.messages import MAX_FILES
    from hubbub.terminal.send import MAX_PREFIX

    prefix = chosen.idempotency
    if missing := [file for file in chosen.file if not file.is_file()]:
        is_there = missing[0].exists()
        return f"{'Not a file' if is_there else 'No such file'}: {missing[0]}"
    if len(chosen.file) > MAX_FILES:
        return f"Too many files: attach at most {MAX_FILES}"
    if len(chosen.alt) > len(chosen.file):
        return "Too many --alt options: use at most one for each --file"
    if chosen.text or chosen.file:
        if prefix is not None:
            return "--idempotency only applies to lines of standard input; with a TEXT, use --client-message-id"
    elif chosen.client_message_id is not None:
        return "--client-message-id requires the message as a TEXT argument"
    elif prefix is not None and not 1 <= len(prefix) <= MAX_PREFIX:
        return f"Invalid --idempotency: use 1 to {MAX_PREFIX} characters"
    return None


def _send_text(chosen: argparse.Namespace) -> None:
    from hubbub.terminal.send import SendOutput, send

    timeout = chosen.timeout or START_SECONDS
    alts = chosen.alt + [""] * (len(chosen.file) - len(chosen.alt))
    send(
        client(chosen, timeout),
        chosen.room,
        " ".join(chosen.text),
        files=list(zip(chosen.file, alts, strict=True)),
        client_message_id=chosen.client_message_id,
        timeout=timeout,
        form=SendOutput(chosen.json, chosen.quiet),
    )


def _send_lines(chosen: argparse.Namespace) -> None:
    from hubbub.terminal.send import SendOutput, send_lines

    send_lines(
        client(chosen, chosen.timeout),
        chosen.room,
        prefix=chosen.idempotency,
        timeout=chosen.timeout,
        form=SendOutput(chosen.json, chosen.quiet),
    )
