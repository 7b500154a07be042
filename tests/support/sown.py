"""Faults that are sown into what is tested, by what they do: tests must notice each of them."""

from collections.abc import Callable
from typing import Any, TypeVar

Sow = TypeVar("Sow", bound=Callable[..., Any])


class Faults(dict[str, Sow]):
    """What makes each fault, by its name in words."""

    def add(self, sow: Sow) -> Sow:
        """Note a fault, as a decorator."""
        self[sow.__name__.replace("_", " ")] = sow
        return sow
