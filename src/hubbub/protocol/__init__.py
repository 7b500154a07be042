"""The wire language of hubbub.v1: messages, codecs, errors and states. No I/O, no clock."""
