"""Other people's protocols: packets and bytes. No I/O, no clock."""
