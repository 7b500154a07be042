"""Files, pictures of people and rooms, and how much all of them may take."""
