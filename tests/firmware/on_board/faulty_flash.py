# A file system that passes everything on to a folder, and whose calls fail when a test wants it: opening, each read,
# write, seek, flush and close, each entry of a listing, and so on. A write that fails has written half of its data.

import os

import vfs


class Faults:
    """Which calls fail: number `first` (1 is the next one), and `count - 1` after it, with this error code.

    calls: so many since arm().
    """

    def __init__(self):
        self.arm(0, 0, 0)

    def arm(self, first, count, code):
        self.calls = 0
        self._first = first
        self._end = first + count
        self._code = code

    @property
    def struck(self):
        return self._first <= self.calls

    def step(self):
        self.calls += 1
        if self._first <= self.calls < self._end:
            raise OSError(self._code)


class FaultyFile:
    def __init__(self, file, faults):
        self._file = file
        self._faults = faults

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        self._faults.step()
        return next(self._file)

    def read(self, size=-1):
        self._faults.step()
        return self._file.read(size)

    def readinto(self, buffer):
        self._faults.step()
        return self._file.readinto(buffer)

    def write(self, data):
        try:
            self._faults.step()
        except OSError:
            self._file.write(bytes(data)[: len(data) // 2])
            raise
        return self._file.write(data)

    def seek(self, offset):
        self._faults.step()
        return self._file.seek(offset)

    def flush(self):
        self._faults.step()
        self._file.flush()

    def close(self):
        self._file.close()
        self._faults.step()


class FaultyFlash:
    def __init__(self, folder, faults):
        self._flash = vfs.VfsPosix(folder)
        self._faults = faults

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def chdir(self, path):
        pass

    def getcwd(self):
        return "/"

    def open(self, path, mode):
        self._faults.step()
        return FaultyFile(self._flash.open(path, mode), self._faults)

    def ilistdir(self, path):
        self._faults.step()
        for entry in self._flash.ilistdir(path):
            self._faults.step()
            yield entry

    def mkdir(self, path):
        self._faults.step()
        self._flash.mkdir(path)

    def remove(self, path):
        self._faults.step()
        self._flash.remove(path)

    def rename(self, old, new):
        self._faults.step()
        self._flash.rename(old, new)

    def stat(self, path):
        self._faults.step()
        return self._flash.stat(path)

    def statvfs(self, path):
        self._faults.step()
        return self._flash.statvfs(path)


def mount(faults):
    """Put a faulty file system over the current folder."""
    vfs.mount(FaultyFlash(os.getcwd(), faults), "/flash")
    os.chdir("/flash")
