"""Reactors: cursors of the server's own over the logs, each at its own pace."""
