"""A verb as small as one can be: to wave at a message. What a new verb needs, and nothing else: here also a table."""
