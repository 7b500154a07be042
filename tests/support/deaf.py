"""Run a program to which the machine's network never changes: `python tests/support/deaf.py PROGRAM [ARGUMENTS]`.

Chromium ends what it loads with `net::ERR_NETWORK_CHANGED` as soon as an address comes or goes, such as that of a
network which another test makes. The kernel refuses it the socket by which it would hear of that, and it then takes
the network to be there and to stay.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from socket import AF_NETLINK

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _PR_SET_NO_NEW_PRIVS = 22, 2, 38
_LOAD, _JUMP_UNLESS_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _FIRST_ARGUMENT = 0, 16  # where they are in what a filter sees of a call
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT
_SOCKET = {"x86_64": 41, "aarch64": 198}  # the number of the call


def deafen() -> None:
    """Refuse this process, and what it starts, all sockets that tell of the network. Elsewhere than on Linux nothing happens."""
    if sys.platform != "linux" or platform.machine() not in _SOCKET:
        return
    steps = (
        (_LOAD, 0, _NUMBER),
        (_JUMP_UNLESS_EQUAL, 3, _SOCKET[platform.machine()]),
        (_LOAD, 0, _FIRST_ARGUMENT),
        (_JUMP_UNLESS_EQUAL, 1, AF_NETLINK),
        (_RETURN, 0, _REFUSE),
        (_RETURN, 0, _ALLOW),
    )
    code = b"".join(struct.pack("HBBI", what, 0, skip, value) for what, skip, value in steps)
    kept = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(kept)))
    kernel = ctypes.CDLL(None, use_errno=True)
    kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    kernel.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0)


if __name__ == "__main__":
    deafen()
    os.execv(sys.argv[1], sys.argv[1:])
