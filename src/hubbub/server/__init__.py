"""The server: keeps rooms in a store, and tells everyone connected what changed."""
