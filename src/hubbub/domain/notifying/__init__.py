"""Whether an account is to be notified, and when it wants to hear nothing."""
