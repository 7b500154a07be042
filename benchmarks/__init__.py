"""Measures hubbub beside other broadcast servers, in turn, on one machine. Start: `python -m benchmarks --help`."""
