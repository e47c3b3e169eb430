"""Connects a simulated sensor's bus, reset, wake and interrupt lines to a MicroPython process, over a socket.

One round trip per transaction, in a separate thread; edges of the interrupt line are sent with their exact time.
shims/machine.py is the other end.

Request: operation, argument, u16 number (little-endian), then the bytes to write. Answer: b"A", status, u16 number,
bytes. Edge: b"E", level, 0, 0, u64 microseconds. Rest: b"B", 0, 0, 0: the firmware has done all that was due.

A held pin keeps its level until it is released, also while the board sleeps and restarts. All others float in deep
sleep: wake then reads low, as boards pull it to ground; reset and chip select have pull-ups.

The server extends the clock's lease while everybody keeps up: itself, the firmware (which rests now and then) and the
host's event loop. Firmware that never rests, because it hangs, sees time creep, so that others notice.
"""

from __future__ import annotations

import importlib.util
import math
import select
import socket
import struct
import threading
import time
from pathlib import Path
from types import TracebackType

from virtual_clip.bno085_bus import Bno085Bus
from virtual_clip.bno085_sim import Bno085Sim
from virtual_clip.clock import Clock
from virtual_clip.icm45686_sim import Icm45686Sim

I2C_WRITE, I2C_READ, SPI_EXCHANGE, PIN, HOLD, SLEEP, REST = b"W", b"R", b"X", b"P", b"H", b"S", b"B"
_TICK_S = 0.005  # the longest sleep: the lease is extended then
_LEASE_S = 0.02  # how far the clock runs without the server
_BOARD_REST_S = 0.02  # a firmware that rested so long ago is behind
_HOST_REST_S = 0.05
_HANGING_S = 1.0  # a firmware that rested so long ago hangs
_CREEP_S = 0.001
_CREEP_EVERY_S = 0.005
OUTPUTS = ("buzzer", "vibration", "led")
_FLOATING = {"wake": 0, "rst": 1, "cs": 1}  # levels of pins that nothing drives
_RTC_PINS = range(22)  # of the ESP32-S3: a hold alone lasts through deep sleep
_BOARD_FILE = Path(__file__).resolve().parents[1] / "firmware" / "board.py"


def board_pins() -> dict[str, int]:
    """The pin numbers of firmware/board.py's board."""
    spec = importlib.util.spec_from_file_location("firmware_board", _BOARD_FILE)
    assert spec is not None and spec.loader is not None
    board = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(board)
    pins: dict[str, int] = board.PINS[board.BOARD]
    return pins


class BusServer:
    """Serves one chip while its `with` block runs; a client may come, go and come again.

    real_time: the clock never waits, for benches that measure delays. host_rest_s: monotonic time at which the host's
    event loop last had nothing to do; None if there is no host. beside: the server of another board on the same clock,
    which lasts longer: the clock then waits for both.
    """

    def __init__(
        self,
        sim: Bno085Sim | Icm45686Sim,
        clock: Clock,
        *,
        real_time: bool = False,
        beside: BusServer | None = None,
    ) -> None:
        self._fellows: list[BusServer] = [] if beside is None else beside._fellows
        self._turned_s = math.inf  # time.monotonic(), before the thread begins
        self._sim = sim
        self._bus = Bno085Bus(sim) if isinstance(sim, Bno085Sim) else sim
        self._clock = clock
        self._real_time = real_time
        self.host_rest_s: float | None = None
        self.crawls_since_s: float | None = None  # time.monotonic()
        self._crept_s = 0.0
        self._board_rest_s = 0.0
        self._pins = {number: name for name, number in board_pins().items()}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._inbox = b""
        self._selected = False  # chip select is low
        self._clock_idles = False  # SPI is used: SCK has its idle level, which it gets in the first transfer
        self._held: dict[int, int | None] = {}  # held pins, and the level that they will have when released
        self._asleep = False
        self._running = True
        self._thread = threading.Thread(target=self._serve, name="bus server", daemon=True)
        self.error: BaseException | None = None
        self.outputs: list[tuple[int, str, int]] = []  # (time_us, pin, level or tone in Hz) of OUTPUTS

    @property
    def environment(self) -> dict[str, str]:
        """What the MicroPython process needs to find this bus and to run on its clock."""
        port = self._listener.getsockname()[1]
        return {"UNTUCK_BUS_PORT": str(port), **self._clock.environment()}

    def __enter__(self) -> BusServer:
        self._fellows.append(self)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._thread.join()
        self._fellows.remove(self)
        if not self._fellows:
            self._clock.release()
        for end in (self._client, self._listener):
            if end is not None:
                end.close()
        if self.error is not None and error is None:
            raise self.error

    def press(self, level: int) -> None:
        """Set the button's line: 0 pressed, 1 released."""
        number = next(number for number, name in self._pins.items() if name == "button")
        with self._sim.lock:
            self._write(struct.pack("<cBHQ", b"E", level, number, self._clock.now_us()))

    def _serve(self) -> None:
        try:
            while self._running:
                self._turn()
        except BaseException as error:
            self.error = error

    def _turn(self) -> None:
        with self._sim.lock:
            self._sim.advance(self._clock.now_us())
            self._send_edges()
            next_us = self._sim.next_us()
        self._turned_s = time.monotonic()
        going = self._extend()
        wait_s = _TICK_S if next_us is None or not going else min(_TICK_S, self._clock.real_s(next_us))
        readers = [self._listener] if self._client is None else [self._listener, self._client]
        for ready in select.select(readers, [], [], wait_s)[0]:
            if ready is self._listener:
                self._accept()
            elif ready is self._client:
                self._receive()

    def _extend(self) -> bool:
        """Extend the clock's lease if everybody keeps up; whether it runs."""
        if self._real_time:
            return True
        if self._fellows[0] is not self:
            return self.keeps_up
        if all(one.keeps_up for one in tuple(self._fellows)):
            self._clock.extend(_LEASE_S)
            return True
        if all([one.creeps() for one in tuple(self._fellows)]):
            self._clock.extend(_CREEP_S)
        return False

    @property
    def keeps_up(self) -> bool:
        """Whether sensor, firmware and host have done what was due."""
        late = time.monotonic() - self._turned_s > _LEASE_S
        return not late and self._host_keeps_up and self._board_s < _BOARD_REST_S and self.crawls_since_s is None

    def creeps(self) -> bool:
        """Whether the clock may take a small step now: for others to see that the firmware hangs, or as it crawls."""
        now_s = time.monotonic()
        if not self._host_keeps_up:
            return False
        return self.keeps_up or (self._may_creep(now_s) if self.crawls_since_s else self._board_s > _HANGING_S)

    @property
    def _host_keeps_up(self) -> bool:
        return self.host_rest_s is None or time.monotonic() - self.host_rest_s < _HOST_REST_S

    @property
    def _board_s(self) -> float:
        return 0.0 if self._client is None else time.monotonic() - self._board_rest_s

    def _may_creep(self, now_s: float) -> bool:
        """The longer the clock crawls, the slower: it adds three seconds (times its speed) in the first two minutes."""
        assert self.crawls_since_s is not None
        if now_s - self._crept_s < _CREEP_EVERY_S + _CREEP_S * (now_s - self.crawls_since_s):
            return False
        self._crept_s = now_s
        return True

    def _accept(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._listener.accept()[0]
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._inbox = b""
        self._selected = False
        self._clock_idles = False
        if not self._asleep:  # the power was off
            self._held.clear()
        self._asleep = False
        self._board_rest_s = time.monotonic()
        with self._sim.lock:
            self._sim.edges.clear()
            self._write(struct.pack("<cBHQ", b"E", self._sim.int_level, 0, self._sim.now_us))

    def _receive(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            self._client.close()
            self._client = None
            return
        self._inbox += data
        while len(self._inbox) >= 4:
            operation, argument, number = struct.unpack_from("<cBH", self._inbox)
            size = 4 + (number if operation in (I2C_WRITE, SPI_EXCHANGE) else 0)
            if len(self._inbox) < size:
                return
            body = self._inbox[4:size]
            self._inbox = self._inbox[size:]
            if operation == REST:
                self._board_rest_s = time.monotonic()
                continue
            with self._sim.lock:
                self._sim.advance(self._clock.now_us())
                answer = self._handle(operation, argument, number, body)
                self._sim.advance(self._sim.now_us)
                self._send_edges()
            self._write(answer)

    def _handle(self, operation: bytes, argument: int, number: int, body: bytes) -> bytes:
        if operation in (PIN, HOLD, SLEEP):
            self._drive(operation, argument, number)
            return b""
        if operation == SPI_EXCHANGE:
            return _answer(0, self._exchange(body))
        try:
            if operation == I2C_WRITE:
                self._bus.i2c_write(body)
                return _answer(0, b"")
            return _answer(0, self._bus.i2c_read(number))
        except OSError as error:
            return _answer(error.errno or 5, b"")

    def _exchange(self, body: bytes) -> bytes:
        settled, self._clock_idles = self._clock_idles, True
        if not self._selected or not settled:
            return b"\xff" * len(body)
        return self._bus.exchange(body)

    def _drive(self, operation: bytes, number: int, value: int) -> None:
        """Set a pin's level; hold or release it; or let all pins float that are not held in deep sleep."""
        if operation == SLEEP:
            self._asleep = True
            for pin, name in self._pins.items():
                held = pin in self._held and (value or pin in _RTC_PINS)
                if name in _FLOATING and not held and (name == "rst" or self._clock_idles):  # the others: SPI only
                    self._set_pin(name, _FLOATING[name])
        elif operation == HOLD and value:
            self._held.setdefault(number, None)
        elif operation == HOLD:
            level = self._held.pop(number, None)
            if level is not None:
                self._set_pin(self._pins.get(number, ""), level)
        elif number in self._held:
            self._held[number] = value
        else:
            self._set_pin(self._pins.get(number, ""), value)

    def _set_pin(self, name: str, level: int) -> None:
        if name == "rst":
            self._sim.set_reset(level)
        elif name == "wake":
            self._sim.set_wake(level)
        elif name == "cs" and not level:
            self._selected = True
            self._bus.select()
        elif name in OUTPUTS:
            self.outputs.append((self._clock.now_us(), name, level))
        elif name == "cs" and self._selected:
            self._selected = False
            self._bus.deselect()

    def _send_edges(self) -> None:
        edges = b"".join(struct.pack("<cBHQ", b"E", level, 0, time_us) for time_us, level in self._sim.edges)
        self._sim.edges.clear()
        self._write(edges)

    def _write(self, data: bytes) -> None:
        if data and self._client is not None:
            try:
                self._client.sendall(data)
            except ConnectionError:
                self._client.close()
                self._client = None


def _answer(status: int, data: bytes) -> bytes:
    return struct.pack("<cBH", b"A", status, len(data)) + data
