"""Targets of what comes from the air: packets, commands, status, order, kept runs, and whole sessions of them."""

from __future__ import annotations

import functools
import math
import random
import re
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
from tests.fuzz.damage import damaged, integer
from tests.fuzz.target import Target, Violated

import untuck
from untuck import wire, wire_runs
from untuck.model import Packet
from untuck.motion.decode import Decoder
from untuck.report.text import to_text
from untuck.session.packet_pipeline import PacketPipeline
from untuck.simulate.packets import pack
from untuck.sources.clip_status import ClipStatus
from untuck.sources.resend import ResendTracker
from untuck.sources.run_decoder import decode_run, run_header
from untuck.store import Settings

SEEDS = Path(__file__).resolve().parent / "seeds"
_SIZE = struct.Struct("<dH")
FIELDS = (("B", 0), ("B", 1), ("H", 2), ("I", 4), ("I", 8), ("I", 12), ("H", 16), ("B", 18), ("B", 19))


@functools.cache
def valid_packets() -> list[bytes]:
    """Packets of the example recording."""
    return pack(untuck.example(), 100)


def sealed(packet: bytes) -> bytes:
    """The packet with a checksum that fits, if it has room for one."""
    if len(packet) < wire.CRC_SIZE:
        return packet
    end = len(packet) - wire.CRC_SIZE
    return packet[:end] + wire.checksum(packet, end).to_bytes(2, "little")


def hostile_packet(rng: random.Random, packet: bytes) -> bytes:
    """A packet with a field at a limit, extreme samples or damage; mostly with a checksum that fits."""
    kind = rng.randrange(5)
    made = bytearray(packet)
    if kind <= 1:
        for code, at in rng.sample(FIELDS, rng.randint(1, 2)):
            if at or rng.random() < 0.1:  # a wrong version ends the decoding
                struct.pack_into("<" + code, made, at, integer(rng, 8 * struct.calcsize(code)))
    elif kind == 2:
        for at in range(wire.HEADER_SIZE, len(made) - wire.CRC_SIZE, 2):
            if rng.random() < 0.3:
                struct.pack_into("<h", made, at, rng.choice((-32768, -32767, -1, 0, 1, 32767)))
    elif kind == 3:
        made = bytearray(damaged(rng, packet))
    else:
        count = rng.choice((0, 1, 2, 11, 255))
        made[18] = count
        made = made.ljust(wire.packet_size(count), b"\1")[: wire.packet_size(count)]
    return sealed(bytes(made)) if rng.random() < 0.85 else bytes(made)


def hostile_stream(rng: random.Random, count: int) -> list[bytes]:
    """Packets in order, of which some are hostile, doubled, missing, swapped or of another stream."""
    first = rng.randrange(len(valid_packets()) - count)
    share, out = rng.choice((0.02, 0.1, 0.5)), []
    for packet in valid_packets()[first : first + count]:
        if rng.random() > share:
            out.append(packet)
            continue
        kind = rng.randrange(5)
        if kind == 0:
            out += [packet] * rng.randint(2, 3)
        elif kind == 1:
            out.insert(rng.randrange(len(out) + 1), packet)
        elif kind > 2:
            out.append(hostile_packet(rng, packet))
    return out


def joined(packets: list[Packet]) -> bytes:
    return b"".join(_SIZE.pack(packet.arrival_s, len(packet.data)) + packet.data for packet in packets)


def parted(case: bytes) -> list[Packet]:
    packets, at = [], 0
    while at + _SIZE.size <= len(case):
        arrival_s, size = _SIZE.unpack_from(case, at)
        at += _SIZE.size + size
        packets.append(Packet(case[at - size : at], arrival_s))
    return packets


class Packets(Target):
    """Hostile packets into the decoder: samples are finite, and their time increases."""

    name, share = "packets", 30.0

    def make(self, rng: random.Random) -> bytes:
        return joined([Packet(data, k * 0.05) for k, data in enumerate(hostile_stream(rng, rng.randint(2, 7)))])

    def run(self, case: bytes) -> str:
        decoder, last_s, got = Decoder(), -math.inf, 0
        for packet in parted(case):
            decoder.arrival_s = packet.arrival_s
            samples = decoder.push([packet.data])
            got += len(samples)
            if not len(samples):
                continue
            times = samples.time_s.tolist()
            if times[0] <= last_s or any(b <= a for a, b in pairwise(times)):
                raise Violated("time does not increase")
            last_s = times[-1]
            for values in (samples.acc_m_s2, samples.gyr_rad_s, samples.time_s):
                if not np.isfinite(values).all():
                    raise Violated("a sample is not finite")
        counts = (decoder.corrupt, decoder.doubles, decoder.lost, decoder.packets, decoder.samples)
        if min(counts) < 0 or decoder.samples != got:
            raise Violated(f"counts {counts}, {got} samples")
        return "samples" if got else "nothing"


class Commands(Target):
    """Writes to the control characteristic, as the clip parses them: only what `command` can write is accepted."""

    name, share = "commands", 40.0
    _known = tuple(sorted(wire._ARGUMENTS))

    def make(self, rng: random.Random) -> bytes:
        if rng.random() < 0.1:
            return rng.randbytes(rng.randrange(24))
        opcode = rng.choice(self._known) if rng.random() < 0.9 else rng.randrange(256)
        layout = wire._ARGUMENTS.get(opcode, "<H")
        bits = [8 * struct.calcsize(code) for code in layout[1:]]
        data = bytes([opcode]) + b"".join(integer(rng, n).to_bytes(n // 8, "little") for n in bits)
        return damaged(rng, data, 1) if rng.random() < 0.2 else data

    def run(self, case: bytes) -> str:
        result, opcode, values = wire.parse_command(case)
        if result == wire.RESULT_OK and wire.command(opcode, *values) != case:
            raise Violated("an accepted command is written differently")
        if not 0 <= result <= wire.RESULT_FLASH:
            raise Violated(f"result {result}")
        return f"result {result}"


class Status(Target):
    """The clip's status, as the host reads it."""

    name, share = "status", 8.0

    def make(self, rng: random.Random) -> bytes:
        codes = wire.STATUS_FORMAT[1:]
        usual = (
            wire.PROTOCOL_VERSION,
            0,
            1,
            0,
            wire.STATE_STREAMING,
            80,
            100,
            7,
            900,
            1000,
            0,
            1,
            0,
            0,
            3,
            0,
            4000,
            170,
        )
        values = [*usual, *[0] * len(codes)][: len(codes)]
        for at in rng.sample(range(1, len(codes)), rng.choice((1, 2, len(codes) - 1))):
            values[at] = integer(rng, 8 * struct.calcsize(codes[at]))
        data = struct.pack(wire.STATUS_FORMAT, *values)
        return damaged(rng, data, 2) if rng.random() < 0.2 else data

    def run(self, case: bytes) -> str:
        status = ClipStatus.parse(case)
        if not (status.battery_pct is None or 0 <= status.battery_pct <= 100) or status.oldest_seq > status.next_seq:
            raise Violated(f"{status}")
        return "status"


class Order(Target):
    """Packets out of order: each is passed on once, in order, and the tracker never goes back."""

    name, share = "order", 15.0

    def make(self, rng: random.Random) -> bytes:
        packets = hostile_stream(rng, rng.randint(2, 6))
        return joined([Packet(data, rng.randrange(4)) for data in packets])

    def run(self, case: bytes) -> str:
        tracker, taken = ResendTracker(), 0
        packets = parted(case)
        tracker.begin(wire.unpack_header(valid_packets()[0])[2])
        good = [packet for packet in packets if not wire.check(packet.data)]
        tracker.skip_to(wire.unpack_header(good[0].data)[3] if good else 0)
        for packet in packets:
            before = tracker.expected
            verdict = tracker.receive(packet.data).value
            taken += verdict == "take"
            if tracker.expected < before or (tracker.expected > before and verdict != "take"):
                raise Violated(f"expected {before}, then {tracker.expected}, on {verdict}")
            if verdict == "gap" and packet.arrival_s < 2:
                tracker.ask()
                tracker.asked()
            if packet.arrival_s == 3:
                tracker.skip_to(tracker.expected + 1)
        if min(tracker.lost, tracker.resent, tracker.corrupt) < 0:
            raise Violated("a count is negative")
        return "taken" if taken else "nothing"


class KeptRuns(Target):
    """Runs from the clip's flash: records and chunks damaged, with checksums that fit."""

    name, share = "runs", 2.0

    def make(self, rng: random.Random) -> bytes:
        run = (SEEDS / "kept_run.bin").read_bytes()
        if rng.random() < 0.2:
            return damaged(rng, run)
        head, records = run[: wire_runs.CHUNK_HEADER_SIZE], _records(run)
        made = []
        for payload in rng.sample(records, rng.randint(1, 4)):
            if rng.random() < 0.7:
                payload = self._hostile(rng, payload)
            checksum = wire.checksum(payload, len(payload))
            made.append(struct.pack(wire_runs.RECORD_FORMAT, len(payload) & 0xFFFF, checksum) + payload)
        return (damaged(rng, head, 1) if rng.random() < 0.1 else head) + b"".join(made)

    def _hostile(self, rng: random.Random, payload: bytes) -> bytes:
        made, at = bytearray(payload), rng.randrange(wire_runs.PAYLOAD_HEADER_SIZE)
        if rng.random() < 0.5:
            return damaged(rng, payload, 2)
        width = rng.choice((1, 2, 4))
        made[at : at + width] = integer(rng, 8 * width).to_bytes(width, "little")
        return bytes(made)

    def run(self, case: bytes) -> str:
        run_header(case)
        packets, damaged_records = decode_run(case)
        if any(wire.check(packet) for packet in packets):
            raise Violated("a packet of it is not valid")
        if sum(map(len, packets)) > 200 * len(case) + 20_000:
            raise Violated(f"{len(case)} bytes give {sum(map(len, packets))}")
        samples = Decoder().push(packets)
        if not np.isfinite(samples.acc_m_s2).all():
            raise Violated("a sample is not finite")
        return "packets" if packets else f"{min(damaged_records, 1)} damaged"


def _records(run: bytes) -> list[bytes]:
    at, out = wire_runs.CHUNK_HEADER_SIZE, []
    while at < len(run):
        (size, _), at = struct.unpack_from(wire_runs.RECORD_FORMAT, run, at), at + wire_runs.RECORD_HEADER_SIZE
        out.append(run[at : at + size])
        at += size
    return out


class Sessions(Target):
    """Some seconds of hostile packets through decoder and pipeline to a summary, in which nothing is infinite."""

    name, share = "sessions", 0.2

    def prepare(self) -> None:
        untuck.analyse(untuck.example())  # compiles

    def make(self, rng: random.Random) -> bytes:
        arrival_s, packets = 100.0, []
        for data in hostile_stream(rng, rng.choice((40, 100, 400))):
            arrival_s += rng.choice((0.05, 0.05, 0.05, 0.0, 3.0, -1.0))
            packets.append(Packet(data, arrival_s))
        return joined(packets)

    def run(self, case: bytes) -> str:
        line = PacketPipeline(Settings(rate_hz=100))
        for packet in parted(case):
            line.push(packet)
        line.finish()
        summary = line.summary()
        text = to_text(summary, "fuzz")
        if found := re.search(r"\b(nan|inf)\b.*", text):
            raise Violated(f"a result is not finite: {found[0]}")
        return "strides" if summary.strides else "no stride"
