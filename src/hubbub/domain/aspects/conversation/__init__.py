"""What people do with messages besides writing them: pinning them, for a start."""

from hubbub.domain.aspects.conversation import pins

ASPECTS = (pins.ASPECT,)
