"""What one client can cost others: `make bench ARGS=harm`."""
