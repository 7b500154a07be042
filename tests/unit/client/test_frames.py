import json

import pytest

from hubbub.client.wire.frames import UnreadableFrame, read
from hubbub.events import Patched, Posted
from hubbub.protocol.strict import MAX_DEPTH


def nested(levels: int) -> object:
    value: object = 1
    for n in range(levels):
        value = {"a": value} if n % 2 else [value]
    return value


EVENTS = {"patched": "patch", "posted": "arguments"}  # those that hold any JSON


@pytest.mark.parametrize("event, field", EVENTS.items())
def test_an_event_is_as_deep_as_a_server_takes_it_and_no_deeper(event: str, field: str) -> None:
    told = {"event": event, "room": "lobby", "seq": 1, "at": "", "by": "eve"}
    read_back = read(json.dumps(told | {field: [nested(MAX_DEPTH - 2)]}))
    assert isinstance(read_back, Patched | Posted)
    for levels in (MAX_DEPTH + 1, 500):
        with pytest.raises(UnreadableFrame, match="Nested too deep: at most 32 levels"):
            read(json.dumps(told | {field: [nested(levels)]}))
