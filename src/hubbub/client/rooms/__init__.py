"""Rooms that a client follows, and what is in them."""
