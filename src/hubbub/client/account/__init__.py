"""What an account knows of its rooms and of people, and is told of."""
