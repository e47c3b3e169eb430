"""Puts MicroPython and the clip's program on a board over USB, and tests the board: `untuck flash`."""
