"""Searching messages. It changes nothing, so there is only a question."""

from hubbub.domain.rules import Aspect
from hubbub.protocol.commands.search import Search

ASPECT = Aspect(questions=(Search,))
