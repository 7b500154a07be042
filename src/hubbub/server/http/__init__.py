"""The HTTP doors: the API, health, the page, and the upgrades to WebSocket."""
