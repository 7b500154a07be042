"""Who comes in, with which scopes, how fast, and how many."""
