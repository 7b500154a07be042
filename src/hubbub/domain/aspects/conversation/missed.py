"""What an account has missed. It follows from its markers, so there is only a question."""

from hubbub.domain.rules import Aspect
from hubbub.protocol.commands.missed import ListMissed

ASPECT = Aspect(questions=(ListMissed,))
