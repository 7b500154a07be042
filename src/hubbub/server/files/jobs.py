"""What is asked of the process that makes small pictures, and how: both sides know it. Numbers are big-endian."""

import struct
from enum import Enum


class Job(Enum):
    """What is to be made of a picture."""

    THUMBNAILS = b"T"  # one for each of `THUMBNAIL_SIDES`, the largest first
    PORTRAIT = b"P"  # a square


READY = b"\0"  # said once, by the process
ASKED = struct.Struct(">QcQ")  # a number, the job, and how many bytes the picture has that follow
ANSWERED = struct.Struct(
    ">QB"
)  # that number, and how many pictures were made: none if it is no picture
LENGTH = struct.Struct(">I")  # of each of them, before it
