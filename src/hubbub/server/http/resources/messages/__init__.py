"""Messages, and what people do with them."""
