"""The rules of a room. Pure: no I/O and no clock."""
