"""A program of its own, between the browser's wrapper and the browser: gives it a network in which nothing is.

`python -I -S own_network.py SOCKET PORT COMMAND...` makes a network namespace that has the loopback interface alone,
listens there on PORT, hands the listening socket to who waits at SOCKET, and becomes COMMAND. A socket stays in the
namespace in which it was made: so who has it serves the browser, and there is no other way out, whatever the browser is
told or lets pages do. Where the system allows no namespace, SOCKET is told why, and COMMAND has our own network.

It imports nothing of ours: it runs before each browser, and takes hundredths of a second.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from typing import Final

ISOLATED: Final = b"isolated"  # comes with the listening socket; anything else is the reason why not
BACKLOG: Final = 128
CONNECT_LIMIT_S: Final = 10.0
# <linux/sched.h>, <linux/sockios.h>, <linux/if.h>
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1


def leave(flags: int) -> None:
    """Go into namespaces of our own. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if flags & CLONE_NEWUSER:
        for name, value in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib takes as long to load as all the rest
                file.write(value)
    raise_loopback()


def raise_loopback() -> None:
    """Switch the loopback interface on, which is down in a new namespace. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = b"lo".ljust(16, b"\0")
        answer = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh22x", name, 0))
        flags = struct.unpack("16sh22x", answer)[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", name, flags | IFF_UP))


def fault_of(flags: int) -> str:
    """Return why we may not make these namespaces; "" when we may. Tried in a child: half of it cannot be undone."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            leave(flags)
        except OSError as error:
            os.write(writing, (error.strerror or "refused").encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as said:  # noqa: PTH123 - a descriptor
        fault = said.read().decode()
    os.waitpid(child, 0)
    return fault


def connect(control: socket.socket, place: str) -> None:
    """Connect to a path that may be longer than an address may be."""
    folder = os.open(os.path.dirname(place), os.O_PATH | os.O_DIRECTORY)  # noqa: PTH120 - as above
    control.connect(f"/proc/self/fd/{folder}/{os.path.basename(place)}")  # noqa: PTH119 - as above
    os.close(folder)


def main() -> None:
    place, port, *command = sys.argv[1:]
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(CONNECT_LIMIT_S)
        connect(control, place)
        if fault := fault_of(flags):
            control.sendall(fault.encode())
        else:
            leave(flags)
            with socket.create_server(("127.0.0.1", int(port)), backlog=BACKLOG) as listener:
                socket.send_fds(control, [ISOLATED], [listener.fileno()])
    os.execvp(command[0], command)  # noqa: S606 - what the wrapper says


if __name__ == "__main__":
    main()
