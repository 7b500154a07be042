"""The product's verbs: who may do what in a room, and what comes of it. It knows no transport."""
