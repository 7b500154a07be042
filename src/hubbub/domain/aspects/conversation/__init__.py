"""What people do with messages besides writing them: pinning them, saving them, and drafting them."""

from hubbub.domain.aspects.conversation import drafts, pins, saved

ASPECTS = (pins.ASPECT, saved.ASPECT, drafts.ASPECT)
