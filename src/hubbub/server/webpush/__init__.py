"""Web Push: notifies devices by the services of their browsers, with a key of the server's own (RFC 8030, 8188, 8291, 8292)."""
