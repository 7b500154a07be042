"""Rooms that people make: what they are like, who their members are, and who may do what in them."""

from hubbub.domain.aspects.rooms import members, settings

ASPECTS = (settings.ASPECT, members.ASPECT)
