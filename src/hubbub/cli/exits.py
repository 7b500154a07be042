"""How a command ends: its exit code, and the sentence that goes with a failure."""

import argparse
import sys
from collections.abc import Callable

FAILED, USAGE, REFUSED, UNREACHABLE = 1, 2, 3, 4
INTERRUPTED, READER_GONE = 130, 141  # as a shell shows SIGINT and SIGPIPE

EXIT_CODES = f"""exit codes:
  0    success; for send: all messages were acknowledged
  {FAILED}    failure, such as a port in use or an output that can't be written
  {USAGE}    invalid usage, settings or input
  {REFUSED}    the server refused the request
  {UNREACHABLE}    the server can't be reached or did not answer in time
  129  ended by a hangup (SIGHUP)
  {INTERRUPTED}  interrupted by Ctrl-C (press it twice to exit at once)
  {READER_GONE}  the program that reads the output has exited"""

Run = Callable[[argparse.Namespace], int]  # runs a command, and returns its exit code


def fail(code: int, message: object) -> int:
    """Print an error to standard error and return the exit code."""
    from hubbub.terminal.text import visible

    print(f"hubbub: {visible(str(message))}", file=sys.stderr)
    return code
