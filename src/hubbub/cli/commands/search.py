"""`hubbub search`."""

import argparse

from hubbub.cli.exits import USAGE, fail
from hubbub.cli.parsing import Parser, count
from hubbub.cli.sdk import START_SECONDS, URL_HELP, add_name, add_quiet, client, using_the_sdk

SUMMARY = "find messages in the rooms that you may read"
EXAMPLES = """\
  hubbub search deploy friday           # both words
  hubbub search '"on friday"' from:ada 'deploy*'
  hubbub search in:#plans has:link after:2026-05-01
  hubbub search deploy --json | jq -r .message.text"""
NOT_FOUND = 1


def add_options(parser: Parser) -> None:
    """Add the query, and how much of what is found is shown."""
    parser.add_argument(
        "query",
        nargs="+",
        metavar="QUERY",
        help="words that a message must all have; '\"a phrase\"'; the beginning of a word*; and from:, in:, before:, after:, has:link, has:file, has:image, is:pinned, is:thread",
    )
    parser.add_argument("--url", help=URL_HELP)
    add_name(parser)
    add_quiet(parser)
    parser.add_argument(
        "-n",
        dest="limit",
        type=count,
        default=20,
        metavar="COUNT",
        help="at most COUNT messages (default: 20)",
    )
    parser.add_argument(
        "--order",
        choices=("newest", "relevance"),
        default="newest",
        help="the newest first, or the best of the newest 200 (default: newest)",
    )
    parser.add_argument("--json", action="store_true", help="print one message per line as JSON")


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """Search."""
    from hubbub.terminal.search import SearchAsked, search

    query = " ".join(chosen.query)
    if not query.strip():
        return fail(USAGE, "Enter something to search for")
    asked = SearchAsked(query, chosen.order, chosen.limit, chosen.json, chosen.quiet)
    return 0 if search(client(chosen, START_SECONDS), asked) else NOT_FOUND
