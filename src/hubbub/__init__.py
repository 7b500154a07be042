"""hubbub: an instant messenger, and the real-time engine under it."""

__version__ = "0.1.0"
