"""What is there only while people are: live values, and who is in a room. None of it is stored."""
