"""What one client can cost others: `.venv/bin/python -m benchmarks.harm`."""
