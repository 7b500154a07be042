"""The doors for clients that stay connected or wait for events."""
