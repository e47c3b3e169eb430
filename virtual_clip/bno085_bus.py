"""The simulated BNO085's end of SPI and I2C: which of its bytes a transfer carries.

A chip for bus_server.py has these five methods, in a class of its own as here, or itself.
"""

from __future__ import annotations

from virtual_clip.bno085_sim import Bno085Sim


class Bno085Bus:
    """SPI: select, exchange any number of times, deselect; what is sent meanwhile is one write. I2C: write, read."""

    def __init__(self, sim: Bno085Sim) -> None:
        self._sim = sim
        self._transfer: bytes | None = None  # what the chip sends while chip select is low
        self._clocked = 0
        self._said = b""  # sent by the host in this transfer

    def select(self) -> None:
        """Chip select goes low."""
        self._clocked = 0
        self._said = b""
        try:
            self._transfer = self._sim.begin_transfer()
        except OSError:  # the line is not driven
            self._transfer = None

    def exchange(self, body: bytes) -> bytes:
        """Send bytes to the chip and return those that it sends meanwhile."""
        if self._transfer is None:
            return b"\xff" * len(body)
        start = self._clocked
        self._clocked += len(body)
        self._said += body
        return self._transfer[start : self._clocked].ljust(len(body), b"\0")

    def deselect(self) -> None:
        """Chip select goes high."""
        if self._transfer is None:
            return
        self._transfer = None
        self._sim.end_transfer(self._clocked, wrote=any(self._said))
        if any(self._said):
            self._sim.write(self._said)

    def i2c_write(self, body: bytes) -> None:
        """A write; raises OSError where the bus would fail."""
        self._sim.fail_write()
        self._sim.write(body)

    def i2c_read(self, number: int) -> bytes:
        """A read; raises OSError where the bus would fail."""
        data = self._sim.begin_transfer()
        self._sim.fail_read(data[:number])
        self._sim.end_transfer(number)
        return data[:number].ljust(number, b"\0")
