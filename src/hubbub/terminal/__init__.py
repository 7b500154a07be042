"""The terminal messenger in line mode, and the commands that send to a room and follow one. Speaks only the SDK."""
