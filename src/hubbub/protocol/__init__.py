"""The wire protocol hubbub.v1: messages, codecs, errors and states. No I/O, no clock."""
