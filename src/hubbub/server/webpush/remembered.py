"""What is remembered of the last few thousand of many things."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Remembered(Generic[V]):
    """Values by name: of at most so many, of which those are forgotten first that were not set for longest."""

    def __init__(self, most: int, otherwise: V) -> None:
        """`otherwise` is the value of any other name."""
        self._most = most
        self._otherwise = otherwise
        self._values = OrderedDict[str, V]()

    def __getitem__(self, name: str) -> V:
        """Return the value of a name."""
        return self._values.get(name, self._otherwise)

    def __setitem__(self, name: str, value: V) -> None:
        """Remember a value."""
        self._values[name] = value
        self._values.move_to_end(name)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, name: str) -> None:
        """Remember nothing of a name."""
        self._values.pop(name, None)
