"""What people with many rooms cost a server: `make people`."""
