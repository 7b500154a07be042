"""Users of other servers, and requests to those servers."""
