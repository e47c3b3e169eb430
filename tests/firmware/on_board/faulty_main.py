# The whole firmware on a flash of whose calls every n-th fails (argument; 1: all).

import sys

import faulty_flash


class Now(faulty_flash.Faults):
    """Every n-th call fails."""

    def step(self):
        self.calls += 1
        if self.calls % every == 0:
            raise OSError(5)


every = int(sys.argv[1])
faulty_flash.mount(Now())

import main  # noqa: F401
