"""Files that people upload: where the bytes are, how they come, and who may get them."""
