"""What objects hold in memory, directly or through others, whatever they are."""

import asyncio
import gc
from collections.abc import Iterable, Iterator
from contextvars import Context
from types import FrameType, FunctionType, MethodType, ModuleType

import msgspec

TEXTS = (str, bytes, bytearray, memoryview, msgspec.Raw)
# What all parts of a process have in common, the test among them.
SHARED = (type, ModuleType, Context, asyncio.AbstractEventLoop)
NOT_OURS = ("tests.", "_pytest.", "pluggy.", "websockets.", "uvloop.")


def texts_held(roots: Iterable[object]) -> Iterator[tuple[str | bytes, str]]:
    """Yield each text that these objects hold, with the types of the objects by which it is held."""
    todo = [(root, type(root).__name__) for root in roots]
    seen = {id(todo)}
    while todo:
        thing, how = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, TEXTS):
            yield thing if isinstance(thing, str) else bytes(thing), how
        else:
            todo += [(each, f"{how}.{type(each).__name__}") for each in _held_by(thing)]


def _held_by(thing: object) -> list[object]:
    kind = type(thing)
    if isinstance(thing, SHARED) or f"{kind.__module__}.".startswith(NOT_OURS):
        return []
    if isinstance(thing, dict):  # the collector doesn't look at keys that are texts
        return [*thing, *thing.values()]
    if isinstance(thing, FunctionType):
        return [*(thing.__closure__ or ()), *(thing.__defaults__ or ())]
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__]
    if isinstance(thing, FrameType):
        return list(thing.f_locals.values())
    return gc.get_referents(thing)
