"""People come as names and ids, one id for each name."""

import json
from typing import Any

import msgspec
import pytest

from hubbub.protocol.messages import Members, Page, Presence

MESSAGE = {"seq": 1, "at": "2026-01-01T00:00:00.000Z", "by": "ada"}
PAGE = {"room": "lobby", "epoch": "e", "head": 1, "more": False}
REACTED = {**MESSAGE, "reactions": {"👍": ["ada", "grace"]}}


@pytest.mark.parametrize(
    "kind, value",
    [
        (Members, {"count": 1, "names": ["ada"], "ids": []}),
        (Members, {"count": 1, "names": [], "ids": ["x="]}),
        *(
            (Presence, {"signal": "presence", "room": "lobby", "count": 2, **lists})
            for lists in (
                {"names": ["ada", "grace"], "ids": ["x="]},
                {"joined": ["ada"], "joined_ids": []},
                {"left_ids": ["x="]},
            )
        ),
        (Page, {**PAGE, "messages": [{**REACTED, "reaction_ids": {"👍": ["x="]}}]}),
        (Page, {**PAGE, "messages": [{**REACTED, "reaction_ids": {"🎉": ["x="]}}]}),
    ],
)
def test_an_id_too_many_or_too_few_is_malformed(kind: Any, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="one for each name"):
        msgspec.json.decode(json.dumps(value), type=kind)
