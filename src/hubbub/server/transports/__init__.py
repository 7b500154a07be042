"""Transports carry frames between a socket and the hub: native and plain WebSocket, and SSE."""
