"""Who comes in, with which rights, how fast, and how many."""
