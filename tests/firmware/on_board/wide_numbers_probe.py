# Numbers beyond 2^30, which a 32-bit board allocates: times since 1970, checksums, and whatever a host may write.
# Prints what the firmware makes of them; tests/firmware/test_32bit.py compares this between interpreters.

import wire
import wire_runs

from losses import Losses
from ring import Ring
from run_encoder import RunEncoder
from run_store import RunStore
from run_transfer import RunTransfer

STARTED_S = 1800000000
LARGEST = (0, 1, 0x3FFFFFFF, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


class Radio:
    mtu = 247

    def notify_stream(self, data):
        print("frame", bytes(data)[:16])
        return True


def packets(count, sequence, time_s):
    """Packets of five samples whose values are at the ends of their ranges."""
    for number in range(count):
        packet = bytearray(wire.packet_size(5))
        wire.pack_header(packet, 0, 0xFFFF, sequence + number, time_s, 50000 * number, 10000, 5)
        for index in range(5):
            end = 32767 if (number + index) % 2 else -32768
            wire.pack_sample(packet, index, end, -1, 0, 1, end, end, end, -1 - end, -1 - end, end)
        wire.seal(packet, 5)
        yield packet


def commands():
    for value in LARGEST:
        for opcode, values in (
            (wire.CMD_ACK, (7, value)),
            (wire.CMD_RESEND, (7, value)),
            (wire.CMD_FETCH, (1, value, value)),
            (wire.CMD_CONFIRM, (1, value, value, 1)),
            (wire.CMD_TIME, (value,)),
        ):
            print(wire.parse_command(wire.command(opcode, *values)))
    for values in ((32767, -32768, 32767), (16384, 0, 0), (-9459, -9459, -9459)):
        print(wire.parse_command(wire.command(wire.CMD_STANDING, *values)))


def ring():
    for next_sequence in (5, 0x3FFFFFFE):
        one = Ring(Losses(), 1300)
        one.begin(7, 5)
        one.next = one.oldest = one.cursor = next_sequence
        for packet in packets(3, next_sequence, 5):
            one.make_room()
            one.buffer[:] = packet
            one.commit(len(packet))
        for value in LARGEST:
            print(one.acknowledge(value), one.resend(value), one.oldest, one.cursor)
        status = bytearray(wire.STATUS_SIZE)
        wire.pack_status(status, (0, 2, 0), 1, 99, 100, 7, one.oldest, one.next, 0, 1, 0, 0, 0, 0, 0, 170, 0xFFFFFFFF)
        print(bytes(status))


def kept_run():
    store = RunStore("runs", 200000, Losses())
    store.begin(STARTED_S)
    run = store.recording
    for packet in packets(60, 0, 4000000):
        store.add(packet)
    store.end()
    size = store.size(run)
    print("run", size, store.started_unix_s(run), [crc for crc in store.check(run, size) if crc is not None])
    transfer = RunTransfer(store, Radio())
    for value in LARGEST:
        print("fetch", transfer.fetch(run, value, 1), transfer.fetch(run, 0, value))
    transfer.list()
    transfer.send_frames()


def encoder():
    for sequence, time_s in ((0, 1), (0x3FFFFF00, 0x3FFFFF00)):
        one = RunEncoder()
        for packet in packets(4, sequence, time_s):
            print(one.add(packet))
        print(bytes(memoryview(one.record)[: one.close()]))


print(wire_runs.CHUNK_BYTES)
commands()
ring()
kept_run()
encoder()
