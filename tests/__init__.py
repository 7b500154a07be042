"""hubbub's tests; `tests.support` is theirs to import."""
