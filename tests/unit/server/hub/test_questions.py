"""Every question that an aspect names has an answer, and no other."""

from hubbub.domain.aspects import RULES
from hubbub.protocol.emoji import ListEmoji
from hubbub.protocol.missed import ListMissed
from hubbub.protocol.search import Search
from hubbub.server.engine.fanout import FanOut
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.emoji import EmojiOfServer
from hubbub.server.hub.missed import Missed
from hubbub.server.hub.names import Names
from hubbub.server.hub.questions import Questions
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.searching import Searching
from hubbub.server.hub.threads import Threads
from hubbub.server.hub.turns import Turns
from hubbub.server.people.rates import Limits, Throttle
from tests.support.fakes import MemoryStore


async def test_each_question_is_answered() -> None:
    named = {question for aspect in RULES.aspects for question in aspect.questions}
    store = MemoryStore()
    rights, authors = Rights(store, FanOut(store), RULES), Authors(store)
    others = Threads(store, rights, authors).answering | {ListEmoji: EmojiOfServer(store).shown}
    throttle = Throttle(Limits(256, 0))
    names = Names(store, lambda _: [], rights.may_know)
    searching = Searching(store, rights, authors, names, throttle, ())
    others |= {Search: searching.search}
    others |= {
        ListMissed: Missed(
            store, rights, authors, Threads(store, rights, authors).unread, Turns(throttle)
        ).missed
    }
    questions = Questions(store, rights, authors, others)
    assert named == questions.answering.keys()
