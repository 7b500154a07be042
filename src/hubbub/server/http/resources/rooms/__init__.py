"""Rooms, their members, and their state."""
