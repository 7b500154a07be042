"""People as clients see them: a name, and a short id where the name alone does not identify them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Person(NamedTuple):
    """A person as others see them. People with the same name have different ids."""

    name: str
    id: str | None = None

    @property
    def who(self) -> str:
        """What identifies this person: the id, else the name. No id can be a name, since ids end with `=`."""
        return self.id or self.name


def people(names: Iterable[str], ids: Sequence[str | None] | None) -> list[Person]:
    """The people in two lists of equal length; without `ids`, nobody has one."""
    if ids is None:
        return [Person(name) for name in names]
    return [Person(*each) for each in zip(names, ids, strict=True)]


def check_ids(names: Sequence[str] | None, ids: Sequence[str | None] | None) -> None:
    """Require one id for each name, if there are ids. Types call this, so a decoder refuses anything else.

    Raises:
        ValueError: the numbers differ.
    """
    if ids is not None and len(ids) != len(names or ()):
        raise ValueError(f"Expected {len(names or ())} ids, one for each name, and got {len(ids)}")


def names_of(people: Iterable[Person]) -> list[str]:
    """The names of some people."""
    return [person.name for person in people]


def ids_of(people: Iterable[Person]) -> list[str | None] | None:
    """The ids of some people, in the same order as their names. None if nobody has one."""
    ids = [person.id for person in people]
    return ids if any(ids) else None
