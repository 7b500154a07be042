"""People as clients are shown them: by name, and by a short id where a name alone does not say who it is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Person(NamedTuple):
    """Somebody as others see them. Two people may share a name; then their ids differ."""

    name: str
    id: str | None = None

    @property
    def who(self) -> str:
        """What tells this person from all others: no id can be a name, since it ends with `=`."""
        return self.id or self.name


def people(names: Iterable[str], ids: Sequence[str | None] | None) -> list[Person]:
    """The people in two lists of equal length; without `ids`, nobody has one."""
    if ids is None:
        return [Person(name) for name in names]
    return [Person(*each) for each in zip(names, ids, strict=True)]


def names_of(people: Iterable[Person]) -> list[str]:
    """Their names."""
    return [person.name for person in people]


def ids_of(people: Iterable[Person]) -> list[str | None] | None:
    """Their ids, each in the place of its name; None if nobody has one."""
    ids = [person.id for person in people]
    return ids if any(ids) else None
