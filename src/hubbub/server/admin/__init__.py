"""What an operator does to a server's data and tokens from the command line, whether or not a server is running."""
