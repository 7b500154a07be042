import pkgutil
from importlib import import_module
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hubbub import events
from hubbub.domain.aspects import RULES, emoji, files, former, people, posts, previews
from hubbub.domain.aspects.conversation import keywords
from hubbub.domain.aspects.rooms import members, settings
from hubbub.events import (
    ROOT,
    About,
    Deleted,
    Erased,
    Event,
    Events,
    Gone,
    Posted,
    emptied,
    encode,
    erased,
    outline,
)
from hubbub.protocol import messages
from hubbub.protocol.commands import conversation, reading, threads
from hubbub.protocol.commands import rooms as rooms_commands

PEOPLE = [
    import_module(f"{people.__name__}.{m.name}") for m in pkgutil.iter_modules(people.__path__)
]
EVERYTHING = {  # that any event has
    "room": "küche",
    "seq": 4,
    "at": "2026-07-01T12:00:00.000Z",
    "by": 'a "b"',
    "id": "3f2a",
    "message": 3,
    "text": "hi",
    "emoji": "👍",
    "patch": {},
    **dict.fromkeys(("account", "handle", "name", "kind", "role", "session", "who", "action"), "x"),
    **dict.fromkeys(("where", "title", "image", "type"), "x"),
    "of": {"room": "lobby", "message": 3},
    **dict.fromkeys(("upto", "nth", "where_seq", "width", "height"), 1),
    "until": 2e9,
    "value": {},
    **{name: [3] for name in ("messages", "edits", "reactions")},
}


def event_of(kind: type[Event]) -> Event:
    given = EVERYTHING | {"of": "@p7m2q9x4w1z3k"} if kind is Erased else EVERYTHING
    return msgspec.convert({"event": kind.__struct_config__.tag, **given}, kind)


@pytest.mark.parametrize("room", ["lobby", "@r7m2q9x4w1z3k:42"])
@pytest.mark.parametrize("kind", RULES.events.kinds)
def test_an_event_is_erased_alike_by_those_who_know_its_kind_and_by_others(
    kind: type[Event], room: str
) -> None:
    event = replace(event_of(kind), room=room)
    body = encode(event)
    assert erased(body) == encode(emptied(event)) == erased(erased(body))
    for message in (ROOT, 3, 4):
        assert (outline(body).erased_with == message) == Gone(frozenset({message})).takes(body)


@pytest.mark.parametrize("kind", RULES.events.kinds)
def test_what_has_a_message_is_erased_with_it_unless_it_deletes_it(kind: type[Event]) -> None:
    assert ("message" in kind.__struct_fields__) == issubclass(kind, About | Deleted)


def test_an_event_of_an_unknown_kind_is_erased_with_its_message() -> None:
    place = b'"room":"lobby","seq":4,"at":"","by":"ada"'
    assert erased(b'{"event":"noted",%b,"message":3,"note":"x"}' % place) == (
        b'{"event":"noted",%b,"erased":true}' % place
    )


def test_an_aspect_lists_every_event_and_has_a_rule_for_every_change() -> None:
    about = (events.conversation, events.emoji, events.people, events.reading, events.rooms)
    of_events = (events, *about, events.threads)
    of_commands = (
        messages,
        conversation,
        reading,
        rooms_commands,
        *PEOPLE,
        members,
        settings,
        emoji,
        files,
        keywords,
        threads,
        posts,
        former,
        previews,
    )
    for modules, base, listed in (
        (of_events, Event, RULES.events.kinds),
        (of_commands, messages.Change, RULES.by_command),
    ):
        names = [k for module in modules for k in vars(module).values()]
        kinds = [k for k in names if isinstance(k, type) and issubclass(k, base)]
        leaves = {k for k in kinds if not any(issubclass(o, k) for o in kinds if o is not k)}
        # Posts in threads and pictures that were made are kinds of these.
        more: set[Any] = {messages.Post, rooms_commands.SetAvatar}
        leaves |= more & set(listed)
        assert leaves and leaves == set(listed)


def test_no_two_kinds_of_events_are_called_alike() -> None:
    with pytest.raises(TypeError, match="unique"):
        Events([Posted, type("Posted", (Event,), {})])
