"""What people do with messages besides writing them: read, mention, pin, save and draft them, and reply in threads."""

from hubbub.domain.aspects.conversation import (
    choices,
    drafts,
    keywords,
    markers,
    mentions,
    missed,
    pins,
    saved,
    search,
    threads,
)

ASPECTS = (
    *(markers.ASPECT, mentions.ASPECT, keywords.ASPECT, choices.ASPECT),
    *(pins.ASPECT, saved.ASPECT, drafts.ASPECT, threads.ASPECT, search.ASPECT),
    missed.ASPECT,
)
