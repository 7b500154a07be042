"""What a log says of an error that nobody foresaw."""

import traceback
from pathlib import Path


def place_of(error: Exception) -> str:
    """Return what an error is and where it was raised, without its text, in which may be what people wrote."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
