"""Every question that an aspect names has an answer, and no other."""

from hubbub.domain.aspects import RULES
from tests.support.house import House


async def test_each_question_is_answered() -> None:
    named = {question for aspect in RULES.aspects for question in aspect.questions}
    hub = House().hub
    assert named == hub.questions.answering.keys()
    await hub.stop()
