"""Previews of links: what pages say of themselves, and how they are fetched. Knows nothing of messages."""
