"""The server itself: what owners and admins see of it, its page, and the description of its API."""
