"""What people do with messages besides writing them: read, mention, pin, save and draft them."""

from hubbub.domain.aspects.conversation import choices, drafts, markers, mentions, pins, saved

ASPECTS = (
    *(markers.ASPECT, mentions.ASPECT, choices.ASPECT),
    *(pins.ASPECT, saved.ASPECT, drafts.ASPECT),
)
