"""Every question that an aspect names has an answer, and no other."""

from hubbub.domain.aspects import RULES
from hubbub.server.engine.fanout import FanOut
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.emoji import EmojiOfServer
from hubbub.server.hub.questions import Questions
from hubbub.server.hub.rights import Rights
from tests.support.fakes import MemoryStore


async def test_each_question_is_answered() -> None:
    named = {question for aspect in RULES.aspects for question in aspect.questions}
    store = MemoryStore()
    rights = Rights(store, FanOut(store), RULES)
    questions = Questions(store, rights, Authors(store), EmojiOfServer(store))
    assert named == questions.answering.keys()
