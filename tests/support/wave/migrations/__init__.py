"""The migrations of what is kept of waves."""
