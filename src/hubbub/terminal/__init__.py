"""The terminal messenger, and the commands that post to a room and follow one. Uses only the SDK."""
