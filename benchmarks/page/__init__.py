"""What the web page costs in a large room, a busy one, and with many rooms: `make page-bench`."""
