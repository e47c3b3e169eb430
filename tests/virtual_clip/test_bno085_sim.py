"""The simulated BNO085, tested with an independent driver: Adafruit's, on CPython, over a fake I2C bus."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from virtual_clip.bno085_motion import Motion
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.clock import Clock

from untuck import Samples

i2c_driver = pytest.importorskip("adafruit_bno08x.i2c", reason="no driver: pip install adafruit-circuitpython-bno08x")

ADDRESS = 0x4A
ACC, GYR, GAME_QUAT = 0x01, 0x02, 0x08


class FakeI2C:
    """CircuitPython's I2C in front of the simulated chip, whose time is the clock's at each transfer."""

    def __init__(self, sim: Bno085Sim, clock: Clock) -> None:
        self._sim = sim
        self._clock = clock

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def writeto(self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None) -> None:
        self._at(address)
        self._sim.write(bytes(buffer[start:end]))

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        self._at(address)
        end = len(buffer) if end is None else end
        data = self._sim.begin_transfer()
        self._sim.end_transfer(end - start)
        buffer[start:end] = data[: end - start].ljust(end - start, b"\0")

    def _at(self, address: int) -> None:
        if address != ADDRESS:
            raise OSError("no such device")
        self._sim.advance(self._clock.now_us())


def driver(sim: Bno085Sim, speed: int = 4) -> object:
    return i2c_driver.BNO08X_I2C(FakeI2C(sim, Clock(speed)), address=ADDRESS)


def read_all(sim: Bno085Sim, read: Callable[[], object]) -> None:
    """Read until the chip's motion has ended."""
    give_up_s = time.monotonic() + 10
    while not sim.ended():
        read()
        assert time.monotonic() < give_up_s


def resting(gyr: list[float], acc: list[float], quat: list[float]) -> Samples:
    """Half a second of a constant sample, which the chip repeats afterwards."""
    one = np.ones((50, 1))
    return Samples(np.arange(50) / 100, one * gyr, one * acc, one * quat)


def test_adafruit_reads_the_given_motion() -> None:
    quat = [0.5, -0.1, 0.7, 0.5]
    quat = list(np.array(quat) / np.linalg.norm(quat))
    sim = Bno085Sim(Motion.of(resting([1.5, -0.25, 12.0], [0.5, 9.75, -3.25], quat)))
    adafruit = driver(sim)
    for report in (ACC, GYR, GAME_QUAT):
        adafruit.enable_feature(report, 10000)
    read_all(sim, lambda: adafruit.game_quaternion)
    assert adafruit.game_quaternion == pytest.approx((*quat[1:], quat[0]), abs=1 / 16384)  # i j k real
    assert adafruit.gyro == pytest.approx((1.5, -0.25, 12.0), abs=1 / 512)
    assert adafruit.acceleration == pytest.approx((0.5, 9.75, -3.25), abs=1 / 256)
    assert b"\x01\x01" in sim.log.commands  # its soft reset
    assert sim.log.resets >= 1


def test_adafruit_reads_back_clipped_values_beyond_the_chips_ranges() -> None:
    sim = Bno085Sim(Motion.of(resting([50.0, -50.0, 0.0], [200.0, -200.0, 0.0], [1.0, 0.0, 0.0, 0.0])))
    adafruit = driver(sim)
    for report in (ACC, GYR):
        adafruit.enable_feature(report, 10000)
    read_all(sim, lambda: adafruit.gyro)
    limit = np.deg2rad(2000)
    assert adafruit.gyro == pytest.approx((limit, -limit, 0.0), abs=1 / 512)
    assert adafruit.acceleration == pytest.approx((8 * 9.80665, -8 * 9.80665, 0.0), abs=1 / 256)


def test_adafruit_calibrates_and_saves() -> None:
    sim = Bno085Sim(Motion.of(resting([0.0] * 3, [0.0, 9.81, 0.0], [1.0, 0.0, 0.0, 0.0])))
    adafruit = driver(sim)
    adafruit.begin_calibration()
    adafruit.save_calibration_data()
    asked = [(command[3], command[4:7]) for command in sim.log.commands if command[:2] == b"\x02\xf2"]
    assert (0x07, bytes((1, 1, 1))) in asked  # calibrate accelerometer, gyroscope and magnetometer
    assert asked[-1][0] == 0x06  # then save


def test_adafruit_finds_no_chip() -> None:
    sim = Bno085Sim(Motion.of(resting([0.0] * 3, [0.0, 9.81, 0.0], [1.0, 0.0, 0.0, 0.0])))
    sim.faults.absent = True
    with pytest.raises(ValueError, match="No I2C device"):
        driver(sim)


def test_an_endless_generator_is_measured() -> None:
    def turning() -> Iterator[tuple[float, list[float], list[float], list[float]]]:
        for number in itertools.count():
            yield number / 100, [number / 512, 0.0, 0.0], [0.0, 9.75, 0.0], [1.0, 0.0, 0.0, 0.0]

    sim = Bno085Sim(Motion.stream(turning()))
    sim.advance(1_000_000)
    enable = bytes((0xFD, GYR, 0, 0, 0)) + (10000).to_bytes(4, "little") + bytes(8)
    sim.write(bytes((21, 0, 2, 0)) + enable)
    sim.advance(4_000_000)
    rows = [(time_us - sim.origin_us, values[7]) for _, time_us, values in sim.log.reports]
    assert len(rows) > 200
    assert rows == [(10000 * number, number) for number in range(len(rows))]


def test_a_read_that_stops_after_the_header_is_continued() -> None:
    sim = Bno085Sim(Motion.of(resting([0.0] * 3, [0.0, 9.81, 0.0], [1.0, 0.0, 0.0, 0.0])))
    sim.advance(1_000_000)
    first = sim.begin_transfer()
    sim.end_transfer(4)
    again = sim.begin_transfer()
    sim.end_transfer(len(again))
    assert again[4:] == first[4:]
    assert (again[0], again[1]) == (first[0], first[1] | 0x80)
    assert again[3] == first[3] + 1


def assembled(transfers: list[bytes]) -> list[bytes]:
    """Payloads of the cargos in these transfers, by the rules of CEVA's own driver; anything else fails.

    A header has the length of all that is left. What was not read of it comes in a continuation on the same channel,
    with the next sequence number.
    """
    cargos: list[bytes] = []
    sequence: dict[int, int] = {}
    payload, left, channel = b"", 0, 0
    for transfer in transfers:
        length, continued = (transfer[0] | transfer[1] << 8) & 0x7FFF, bool(transfer[1] & 0x80)
        assert transfer[3] == sequence.get(transfer[2], 0)
        sequence[transfer[2]] = (transfer[3] + 1) & 0xFF
        assert continued == (left > 0)
        if continued:
            assert (transfer[2], length - 4) == (channel, left)
        else:
            payload = b""
        channel = transfer[2]
        payload += transfer[4:length]
        left = max(0, length - len(transfer))
        if not left:
            cargos.append(payload)
    return cargos


@pytest.mark.parametrize("limit", [0, 20, 64])
def test_fragments_have_the_length_of_what_is_left(limit: int) -> None:
    sim = Bno085Sim(Motion.of(resting([0.0] * 3, [0.0, 9.81, 0.0], [1.0, 0.0, 0.0, 0.0])))
    sim.faults.fragment_bytes = limit
    sim.advance(1_000_000)
    for number, report in enumerate((ACC, GYR, GAME_QUAT)):
        sim.write(bytes((21, 0, 2, number, 0xFD, report, 0, 0, 0)) + (10000).to_bytes(4, "little") + bytes(8))
    transfers = []
    for now_us in range(1_000_000, 3_000_000, 100):
        sim.advance(now_us + (50_000 if now_us > 2_000_000 else 0))
        if not sim.int_level:
            transfers.append(sim.begin_transfer())
            sim.end_transfer(len(transfers[-1]))
    advertisement, *others = assembled(transfers)
    assert len(advertisement) > 150
    assert sum(len(cargo) > 30 for cargo in others) >= 50
    assert not limit or max(map(len, transfers)) == limit


def test_a_reset_ends_a_transfer_that_the_host_never_ended() -> None:
    sim = Bno085Sim(Motion.of(resting([0.0] * 3, [0.0, 9.81, 0.0], [1.0, 0.0, 0.0, 0.0])))
    sim.advance(1_000_000)
    first = sim.begin_transfer()
    sim.set_reset(0)
    sim.set_reset(1)
    sim.advance(2_000_000)
    assert sim.int_level == 0
    assert sim.begin_transfer() == first
