"""What waits for the garbage collector."""

import gc
from collections.abc import Callable
from contextlib import suppress


def garbage_of(act: Callable[[], object], error: type[Exception]) -> int:
    """How many objects an action, which may raise, leaves in cycles."""
    gc.collect()
    gc.disable()
    try:
        with suppress(error):
            act()
        return gc.collect()
    finally:
        gc.enable()


def garbage() -> list[object]:
    """What a collection finds."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return list(gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
