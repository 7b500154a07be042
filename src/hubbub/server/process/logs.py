"""Sets up logging, for people or for machines, and limits repeated lines so that they can't fill a disk."""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

import structlog

AUDIT_FILE = "audit.log"
AT_MOST = 10  # lines per second with the same wording
MOST_LEFT_OUT = 1_000  # wordings and values of which it is known how many records were dropped

_log = logging.getLogger(__name__)


def configure(form: str, level: str, lost: Callable[[], int]) -> None:
    """Log to standard error from now on: `form` is text or json, `level` a name.

    `lost` returns how many lines could not be written.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(form, "message"))
    handler.addFilter(NotTooOften())
    handler.addFilter(Losses(lost))
    logging.raiseExceptions = False  # a log that can't be written must not fill standard error
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def name_worker(number: int) -> None:
    """Name the worker in each line from now on."""
    structlog.contextvars.bind_contextvars(worker=number)


def open_audit(data: Path) -> None:
    """Append audit records to a file in the data directory.

    The file is created again after it was moved away, so that it can be rotated.
    """
    file = data / AUDIT_FILE
    handler = AuditFile(file, encoding="utf-8")
    handler.setFormatter(_formatter("json", "action", has_level=False))
    handler.addFilter(NotTooOften(only={"refused": "", "admitted": "owner"}))
    log = logging.getLogger("hubbub.audit")
    for old in list(log.handlers):
        log.removeHandler(old)
        old.close()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


class AuditFile(WatchedFileHandler):
    """A file handler that reports write errors in the log, and nowhere else."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; never raise."""
        try:
            super().emit(record)
        except OSError:  # the directory is gone, for instance
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Log the error."""
        _log.error("Can't write the audit log: %s", sys.exc_info()[1])


class Losses(logging.Filter):
    """Reports in the next line how many lines were lost so far, if that has changed."""

    def __init__(self, lost: Callable[[], int]) -> None:
        super().__init__()
        self._lost = lost
        self._told = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record."""
        if (lost := self._lost()) != self._told:
            record.lost_lines = self._told = lost
        return True


class NotTooOften(logging.Filter):
    """Passes at most AT_MOST records of one wording per second; the next one says how many were dropped."""

    def __init__(self, only: Mapping[str, str] | None = None) -> None:
        """`only`: the wordings to limit, each with the fact by whose value its records are counted separately, or ""."""
        super().__init__()
        self._only = only
        self._second = 0
        self._seen = Counter[tuple[str, object]]()
        self._left_out = Counter[tuple[str, object]]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a record."""
        wording = str(record.msg)
        fact = "" if self._only is None else self._only.get(wording)
        if fact is None:
            return True
        key = wording, getattr(record, fact, None)
        if (second := int(time.monotonic())) != self._second:
            self._second = second
            self._seen.clear()
        self._seen[key] += 1
        if self._seen[key] > AT_MOST:
            self._left_out[key] += 1
            if len(self._left_out) > MOST_LEFT_OUT:
                del self._left_out[next(iter(self._left_out))]  # the oldest may never come again
            return False
        if left_out := self._left_out.pop(key, 0):
            record.left_out = left_out
        return True


def _formatter(form: str, event: str, *, has_level: bool = True) -> logging.Formatter:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")
    level = [structlog.stdlib.add_log_level] if has_level else []
    renderers = _for_people() if form == "text" else _for_machines(event)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ExtraAdder(),
            *level,
            stamp,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )


def _for_people() -> list[Any]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        timestamp_key="at",
        pad_event_to=0,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [renderer]


def _for_machines(event: str) -> list[Any]:
    def first_what(_: object, __: str, facts: Any) -> Any:
        return {"at": facts.pop("at"), event: facts.pop("event"), **facts}

    render = structlog.processors.JSONRenderer(default=str)
    return [structlog.processors.format_exc_info, first_what, render]
