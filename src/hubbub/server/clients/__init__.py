"""What is spoken over transports: each protocol of clients once, whatever carries it."""
