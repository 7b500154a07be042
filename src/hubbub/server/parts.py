"""What a server is made of. It can be given other parts, such as rules with more commands, without a change to the code that assembles them."""

from collections.abc import Callable
from dataclasses import dataclass

from hubbub.domain.aspects import RULES
from hubbub.domain.rules import Rules
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.http.operations import Resource
from hubbub.server.http.routes import RESOURCES
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Door
from hubbub.server.stores.kinds import Kind
from hubbub.server.stores.registry import kind_of


@dataclass(frozen=True, slots=True)
class Parts:
    """The registries that a server uses, and the classes of which it is built. `kind_of` finds the kind of store at an address."""

    rules: Rules = RULES
    resources: tuple[Resource, ...] = RESOURCES
    kind_of: Callable[[str], Kind] = kind_of
    journal: type[Journal] = Journal
    fanout: type[FanOut] = FanOut
    door: type[Door] = Door
    hub: type[Hub] = Hub


USUAL = Parts()
