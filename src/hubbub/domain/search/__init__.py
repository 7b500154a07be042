"""Searching messages: terms of texts, queries, and which messages match. Pure, and the same for every store."""
