# Runs recorded in the clip's flash: compressed packets in files of about a minute, written every second.
# A run consists of files "RRRRR.CCC", one for each chunk, and "RRRRR.got" once the host has fetched all of it. The file
# system levels wear and survives power loss. Old runs are deleted when space is needed.

import binascii
import errno
import os
import struct

import wire
import wire_runs
from micropython import const

from run_encoder import RunEncoder

_CHUNK = wire_runs.CHUNK_BYTES
_MAX_RUN = const(65535)
_BLOCK = const(256)  # bytes read at once to compute a checksum
_SECOND = const(1000)
_FLASH_BLOCK = const(4096)  # allocation unit of the file system
_BLOCK_HOLDS = const(4088)  # data bytes in it; the rest links the blocks


def _flash_bytes(size):
    """Bytes of flash that a file of this size occupies."""
    return (size + _BLOCK_HOLDS - 1) // _BLOCK_HOLDS * _FLASH_BLOCK


class RunStore:
    """The runs in `folder`, which together occupy at most `room_bytes` of flash.

    recording: number of the run being recorded, 0 if none. losses.runs counts the runs deleted unfetched for space.
    unwritten: packets added that are not in the flash yet, or that it has refused. full: the last write failed, as no
    run can be deleted or the flash is broken.
    A failing flash must not stop the clip: what records or deletes returns False; what reads raises OSError.
    """

    def __init__(self, folder, room_bytes, losses):
        self.recording = 0
        self._count = None  # None: files have changed since they were counted
        self.unwritten = 0
        self.full = False
        self._losses = losses
        self._folder = folder
        self._room_bytes = room_bytes
        self._encoder = RunEncoder()
        self._file = None
        self._file_bytes = 0
        self._chunk = 0
        self._unix_s = 0
        self._kind = wire_runs.CHUNK_KIND
        self._unsaved_ms = 0  # duration of the samples in the encoder
        self._reader = None
        self._reading = 0, -1  # run and chunk that _reader has open
        self._used_bytes = 0
        self._last = -1  # the highest run number so far; -1: not known
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it exists
        self._take_stock()

    def _take_stock(self):
        """Find the highest run number and the used space; False if the flash failed.

        Deletes what a power loss can leave of a run without data: an empty file, a mark without a run.
        """
        last = used_bytes = 0
        try:
            there = [run for run, _, _ in self.runs()]
            for run, _, name in list(self._files()):
                size = self._size(name)
                if run not in there:
                    os.remove(self._folder + "/" + name)
                    continue
                last = max(last, run)
                used_bytes += _flash_bytes(size)
        except OSError:
            return False
        self._last = last
        self._used_bytes = used_bytes
        return True

    @property
    def count(self):
        """Number of runs in the flash; 0 while it fails."""
        if self._count is None:
            try:
                self.runs()
            except OSError:
                return 0
        return self._count

    # Recording.

    def begin(self, unix_s):
        """Start a new run that began at `unix_s` (0: unknown). Its first file is created with its first packets.

        While the numbers of earlier runs are not known, nothing is recorded, which could overwrite one of them.
        """
        self.end()
        if self._last < 0 and not self._take_stock():
            self.full = True
            return
        self._last = self._last % _MAX_RUN + 1
        self.recording = self._last
        self._chunk = -1
        self._unix_s = unix_s

    def add(self, packet):
        """Add a packet; packets older than a second are in the flash when this returns.

        False if the flash failed: neither this packet nor the `unwritten` ones before it are kept.
        """
        if not self.recording:
            return False
        self._kind = wire_runs.CHUNK_KIND + packet[wire.SENSOR_AT]
        if not self._encoder.add(packet):
            if not self.save():
                return False
            self._encoder.add(packet)
        self._unsaved_ms += packet[18] * (packet[16] | packet[17] << 8) // _SECOND
        if self._unsaved_ms >= _SECOND and not self.save():
            return False
        self.unwritten = self._encoder.packets
        return True

    def save(self):
        """Write what is still in memory; False if that failed, in a new file too."""
        size = self._encoder.close()
        self._unsaved_ms = 0
        if size and not (self._write(size) or self._write(size)):
            self.full = True
            return False
        if size:
            self.full = False
        self.unwritten = 0
        return True

    def _write(self, size):
        try:
            if self._file is None or self._file_bytes + size > _CHUNK:
                self._next_chunk()
            self._file.write(memoryview(self._encoder.record)[:size])
            self._file.flush()
        except OSError:
            self._close()
            self._forget_empty()
            return False
        self._used_bytes += _flash_bytes(self._file_bytes + size) - _flash_bytes(self._file_bytes)
        self._file_bytes += size
        return True

    def end(self):
        """End the run; False if the flash failed: the `unwritten` packets are not kept."""
        if not self.recording:
            return True
        done = self.save()
        self._close()
        self.recording = 0
        return done

    def _next_chunk(self):
        self._close()
        while self._used_bytes + _flash_bytes(_CHUNK) > self._room_bytes:
            if not self._drop_one():
                raise OSError("no room")
        chunk = self._chunk + 1
        self._file = open(self._path(self.recording, "%03d" % chunk), "wb")
        self._file_bytes = 0
        self._chunk = chunk
        head = struct.pack(
            wire_runs.CHUNK_FORMAT, wire_runs.CHUNK_MAGIC, self._kind, self.recording, chunk, self._unix_s
        )
        self._file.write(head)
        self._file_bytes = len(head)
        self._count = None
        self._used_bytes += _flash_bytes(len(head))

    def _forget_empty(self):
        """Delete the newest file if no record is in it, so that a failing flash is not filled with empty files."""
        if self._chunk < 0 or self._file_bytes > wire_runs.CHUNK_HEADER_SIZE:
            return
        try:
            os.remove(self._path(self.recording, "%03d" % self._chunk))
        except OSError:
            return
        self._used_bytes -= _flash_bytes(self._file_bytes)
        self._count = None
        self._file_bytes = _CHUNK  # of no file: the next record begins one
        self._chunk -= 1

    def _drop_one(self):
        """Delete the oldest fetched run, else the oldest; False if none could be deleted."""
        runs = self.runs()
        for wanted in (wire_runs.RUN_FETCHED, 0):
            for run, _, flags in runs:
                if flags == wanted and self.remove(run):
                    if not wanted:
                        self._losses.add_run()
                    return True
        return False

    def _close(self):
        if self._file is not None:
            file = self._file
            self._file = None
            try:
                file.close()
            except OSError:
                self.full = True

    # Reading.

    def runs(self):
        """[(run, bytes, flags)], oldest first, without empty ones."""
        found = {}
        for run, chunk, name in self._files():
            size, flags = found.get(run, (0, 0))
            if chunk < 0:
                flags |= wire_runs.RUN_FETCHED
            else:
                part = self._size(name)
                size = max(size, part and chunk * _CHUNK + part)
            found[run] = size, flags | (wire_runs.RUN_RECORDING if run == self.recording else 0)
        runs = [(run, found[run][0], found[run][1]) for run in sorted(found) if found[run][0]]
        self._count = len(runs)
        return runs

    def size(self, run):
        """Bytes of a run; 0 if there is no such run."""
        for number, size, _ in self.runs():
            if number == run:
                return size
        return 0

    def started_unix_s(self, run):
        """When a run began, seconds since 1970; 0 if unknown."""
        head = bytearray(wire_runs.CHUNK_HEADER_SIZE)
        try:
            self.read(run, 0, head)
        except OSError:
            return 0
        magic, _, _, _, unix_s = struct.unpack(wire_runs.CHUNK_FORMAT, head)
        return unix_s if magic == wire_runs.CHUNK_MAGIC else 0

    def read(self, run, offset, buffer):
        """Fill `buffer` with a run's bytes from `offset`. What no file has reads as 0xFF: it contains no record."""
        done = 0
        view = memoryview(buffer)
        while done < len(buffer):
            chunk, at = divmod(offset + done, _CHUNK)
            want = min(len(buffer) - done, _CHUNK - at)
            file = self._open(run, chunk)
            got = 0
            if file is not None:
                file.seek(at)
                got = file.readinto(view[done : done + want]) or 0
            for i in range(done + got, done + want):
                buffer[i] = 0xFF
            done += want

    def release(self):
        """Close the file that was read last."""
        if self._reader is not None:
            reader = self._reader
            self._reader = None
            self._reading = 0, -1
            try:
                reader.close()
            except OSError:
                pass  # nothing was written

    def check(self, run, size):
        """A generator: yields None after each block of a run that it has read, and the run's CRC-32 at the end."""
        crc = at = 0
        block = bytearray(_BLOCK)
        while at < size:
            part = memoryview(block)[: min(_BLOCK, size - at)]
            self.read(run, at, part)
            crc = binascii.crc32(part, crc)
            at += len(part)
            yield None
        yield crc & 0xFFFFFFFF

    def mark_fetched(self, run):
        """Mark a run as completely fetched by the host."""
        open(self._path(run, "got"), "wb").close()

    def remove(self, run):
        """Delete a run, its end first; False if the flash failed: then its beginning is left, as a shorter run."""
        self.release()
        self._count = None
        try:
            names = [(chunk, name) for number, chunk, name in self._files() if number == run]
            for _, name in sorted(names, reverse=True):
                size = self._size(name)
                os.remove(self._folder + "/" + name)
                self._used_bytes -= _flash_bytes(size)
        except OSError:
            return False
        return True

    def free_kb(self):
        """Space left for runs, in kB."""
        return max(0, self._room_bytes - self._used_bytes) // 1024

    def _open(self, run, chunk):
        if self._reading != (run, chunk):
            self.release()
            try:
                self._reader = open(self._path(run, "%03d" % chunk), "rb")
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise
            self._reading = run, chunk
        return self._reader

    def _files(self):
        for entry in os.ilistdir(self._folder):
            name = entry[0]
            run, _, ending = name.partition(".")
            if run.isdigit() and (ending == "got" or ending.isdigit()):
                yield int(run), (-1 if ending == "got" else int(ending)), name

    def _path(self, run, ending):
        return "%s/%05d.%s" % (self._folder, run, ending)

    def _size(self, name):
        return os.stat(self._folder + "/" + name)[6]
