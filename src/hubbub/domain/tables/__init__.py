"""Records that several aspects look at."""
