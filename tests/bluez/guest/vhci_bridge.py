"""Makes an adapter in the guest from a virtio port: PORT carries H4 as a stream, /dev/vhci takes a packet at a time."""

import errno
import os
import select
import sys

CREATE = b"\xff\x00"  # a vendor packet: make a controller; the kernel answers with another
VENDOR = 0xFF
HEADERS = {1: (3, 2, 1), 2: (4, 2, 2), 3: (3, 2, 1), 4: (2, 1, 1), 5: (4, 2, 2)}
# packet type: length of the header, where in it the body's length is, and in how many bytes


def length(buffer: bytearray) -> int:
    """Bytes of the packet at the buffer's start, more than there are if its header is not complete."""
    header, offset, width = HEADERS[buffer[0]]
    if len(buffer) < 1 + header:
        return 1 + header
    body = int.from_bytes(buffer[1 + offset : 1 + offset + width], "little")
    return 1 + header + (body & 0x3FFF if buffer[0] == 5 else body)  # isochronous: 14 bits


def put(port: int, data: bytes) -> None:
    """Write all; the port takes as much as it has room for."""
    while data:
        select.select([], [port], [])
        data = data[os.write(port, data) :]


def take(vhci: int, packet: bytes) -> None:
    """Hand a packet to the kernel, which refuses it while the adapter is switched off."""
    try:
        os.write(vhci, packet)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise


def main() -> None:
    port = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
    vhci = os.open("/dev/vhci", os.O_RDWR | os.O_NONBLOCK)
    os.write(vhci, CREATE)
    buffer = bytearray()
    while True:
        readable, _, _ = select.select([port, vhci], [], [])
        if vhci in readable:
            packet = os.read(vhci, 65536)
            if packet[0] != VENDOR:
                put(port, packet)
        if port in readable:
            buffer += os.read(port, 65536)
            while buffer and length(buffer) <= len(buffer):
                size = length(buffer)
                take(vhci, bytes(buffer[:size]))
                del buffer[:size]


main()
