"""Brokers: how nodes tell each other that a room has grown."""
