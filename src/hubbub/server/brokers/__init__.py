"""Brokers: how nodes tell each other about new events."""
