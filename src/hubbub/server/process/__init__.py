"""The process and its machine: sockets, files, logs, output, TLS."""
