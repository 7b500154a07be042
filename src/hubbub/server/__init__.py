"""The server: rooms kept in a store, and everyone connected told what changed."""
