"""Stores keep the log and the state."""
