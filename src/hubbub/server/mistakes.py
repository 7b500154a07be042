"""Errors that nobody foresaw: what a log says of them, and how they hold up nothing else."""

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def place_of(error: Exception) -> str:
    """Return what an error is and where it was raised, without its text, in which may be what people wrote."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def try_all(act: Callable[[T], object], of: Iterable[T]) -> None:
    """Do something with each of these, also after it has failed with another. Raises the first error in the end."""
    first: Exception | None = None
    for each in list(of):
        try:
            act(each)
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


def call_all(acts: Iterable[Callable[[], object]]) -> None:
    """Call each of these, as `try_all` does."""
    try_all(lambda act: act(), acts)
