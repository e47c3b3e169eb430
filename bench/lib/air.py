"""What several clips take of one adapter's time on the air: a model of Bluetooth's connection events, without hardware.

LE 1M, encrypted, with the data length extension, as ESP32 and adapters since Bluetooth 4.2 have it (Core Specification
5.4, volume 6, part B: 2.1 packets, 4.1.1 the pause between them, 4.5 events). All connections have one interval, which
they share equally: an event may last until the next connection's. The adapter polls; the clip answers with its oldest
packet, and both go on while there are packets and time. A packet or poll that is lost ends the event, and is sent again
in the next one. A clip's sensor is up to 2 % faster or slower than asked, so that all phases occur.
Departures: scans and other traffic of the adapter take nothing, losses are independent, and acknowledgements by the
host (one a second) are left out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from untuck import wire

US_BYTE = 8
OVERHEAD_BYTES = 1 + 4 + 2 + 3  # preamble, access address, header, CRC
MIC_BYTES = 4  # of every packet with content, as the link is encrypted
IFS_US = 150
EMPTY_US = US_BYTE * OVERHEAD_BYTES
L2CAP_ATT_BYTES = 4 + 3


def exchange_us(content_bytes: int) -> int:
    """A poll and its answer of so many bytes of content, with the pauses after both, in us; 0: an empty answer."""
    answer = OVERHEAD_BYTES + (content_bytes + MIC_BYTES if content_bytes else 0)
    return EMPTY_US + IFS_US + US_BYTE * answer + IFS_US


@dataclass(frozen=True)
class OnAir:
    """busy: share of the time in which the adapter sends or receives; delays in ms from a full packet to its arrival.

    deepest: packets that waited in a clip at most; fits: whether none waited longer than the clip's memory lasts.
    """

    busy: float
    median_ms: float
    p99_ms: float
    max_ms: float
    deepest: int
    fits: bool


MEMORY_S = 10.0  # of a clip at 100 Hz


def share_the_air(
    clips: int, rate_hz: int, interval_ms: float, loss: float, seconds: float = 120.0, seed: int = 0
) -> OnAir:
    """Simulate so many clips at one rate on one adapter. loss: probability that an exchange fails. See the module."""
    rng = np.random.default_rng(seed)
    samples = wire.SAMPLES_PER_PACKET[rate_hz]
    period_us = 1e6 * samples / rate_hz * rng.uniform(0.98, 1.02, clips)
    full_us, empty_us = exchange_us(wire.packet_size(samples) + L2CAP_ATT_BYTES), exchange_us(0)
    interval_us = 1e3 * interval_ms
    slot_us = interval_us / clips
    due_us = period_us * rng.random(clips)
    waiting: list[deque[float]] = [deque() for _ in range(clips)]
    delays_us: list[float] = []
    busy_us, deepest = 0.0, 0
    for event in range(round(1e3 * seconds / interval_ms)):
        for clip, queue in enumerate(waiting):
            at_us = event * interval_us + clip * slot_us
            end_us = at_us + slot_us
            while True:
                while due_us[clip] <= at_us:
                    queue.append(due_us[clip])
                    due_us[clip] += period_us[clip]
                deepest = max(deepest, len(queue))
                step_us = full_us if queue else empty_us
                if at_us + step_us > end_us:
                    break
                at_us += step_us
                busy_us += step_us
                if rng.random() < loss:
                    break
                if queue:
                    delays_us.append(at_us - queue.popleft())
                if not queue:
                    break
    busy = busy_us / (1e6 * seconds)
    if not delays_us:
        return OnAir(busy, np.inf, np.inf, np.inf, deepest, fits=False)
    delays_ms = np.array(delays_us) / 1e3
    late = max((1e6 * seconds - queue[0] for queue in waiting if queue), default=0.0)
    return OnAir(
        busy=busy,
        median_ms=float(np.median(delays_ms)),
        p99_ms=float(np.percentile(delays_ms, 99)),
        max_ms=float(delays_ms.max()),
        deepest=deepest,
        fits=max(late / 1e6, float(delays_ms.max()) / 1e3) < MEMORY_S,
    )
