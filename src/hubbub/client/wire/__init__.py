"""The connection to a server, and the commands over it."""
