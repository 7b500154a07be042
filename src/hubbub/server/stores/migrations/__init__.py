"""Numbered migrations, NNNN_name.sql, applied in order, each once."""

from importlib import resources


def all_steps(engine: str) -> list[tuple[int, str]]:
    """Every step's number and SQL, in order, for `sqlite` or `postgres`."""
    folder = resources.files(__package__) / engine
    files = (f for f in folder.iterdir() if f.name.endswith(".sql"))
    return sorted((int(file.name.split("_")[0]), file.read_text()) for file in files)
