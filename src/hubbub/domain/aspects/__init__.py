"""All aspects: the only place that names them."""

from hubbub.domain.aspects import (
    conversation,
    document,
    emoji,
    files,
    former,
    people,
    posts,
    previews,
    reactions,
    rooms,
)
from hubbub.domain.rules import Rules

RULES = Rules(
    [
        *(posts.ASPECT, reactions.ASPECT, document.ASPECT),
        *people.ASPECTS,
        *rooms.ASPECTS,
        *conversation.ASPECTS,
        emoji.ASPECT,
        files.ASPECT,
        former.ASPECT,
        previews.ASPECT,
    ]
)
