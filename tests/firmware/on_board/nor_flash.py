# A simulated NOR flash as a block device whose power can fail during an operation.
# The flash is a file. Blocks of 4 kB are erased as a whole; the failing operation is half done.

BLOCK = 4096
BLOCKS = 256


class Flash:
    """A block device like MicroPython's Partition; its power fails after `left` operations (0: never)."""

    def __init__(self, path, left):
        self._file = open(path, "r+b")  # noqa: SIM115 (for as long as the board has power)
        self._left = left
        self.handed = 0

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._change(block * BLOCK + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            self._change(argument * BLOCK, b"\xff" * BLOCK)
        return 0

    def _change(self, at, data):
        self._left -= 1
        dies = self._left == 0
        self._file.seek(at)
        self._file.write(memoryview(data)[: len(data) // 2] if dies else data)
        if dies:
            self._file.close()
            print(self.handed)
            raise SystemExit
