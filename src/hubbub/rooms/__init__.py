"""The rules of a room; pure: no I/O, no clock."""
