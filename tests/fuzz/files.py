"""Targets of files of other programs: a watch's FIT file, read and merged, and recordings as tables."""

from __future__ import annotations

import functools
import math
import random
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np
from tests.fuzz.damage import damaged, damaged_text, integer
from tests.fuzz.target import Target, Violated
from tests.sources.write_formats import WRITTEN

import untuck
from untuck.report import fit_bytes as fb
from untuck.report.fit_merge import merge
from untuck.report.fit_watch import read_watch, unpacked
from untuck.run_results import Run
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources.files import read_samples

ZERO_S = 1_760_000_000
T0 = ZERO_S - fb.EPOCH_UNIX_S
RECORD = ((253, 4, 0x86), (4, 1, 0x02), (53, 1, 0x02))
LAYOUTS = {
    0: fb.Definition(fb.FILE_ID, False, ((0, 1, 0), (4, 4, 0x86)), ()),
    1: fb.Definition(fb.RECORD, False, RECORD, ()),
    2: fb.Definition(fb.EVENT, False, ((253, 4, 0x86), (0, 1, 0), (1, 1, 0)), ()),
    3: fb.Definition(fb.SESSION, False, ((253, 4, 0x86), (2, 4, 0x86), (5, 1, 0)), ()),
}


def _message(local: int, *values: int) -> bytes:
    sizes = [size for _, size, _ in LAYOUTS[local].fields]
    return bytes([local]) + b"".join(value.to_bytes(size, "little") for value, size in zip(values, sizes, strict=True))


def whole_fit(body: bytes) -> bytes:
    """A FIT file with this body, sizes and checksums."""
    head = bytes([14, 0x20, 84, 8]) + len(body).to_bytes(4, "little") + b".FIT"
    head += fb.crc(head).to_bytes(2, "little")
    return head + body + fb.crc(head + body).to_bytes(2, "little")


def hostile_fit(rng: random.Random) -> bytes:
    """An activity of some minutes whose messages are damaged; mostly with checksums that fit."""
    messages = [fb.definition_bytes(0, LAYOUTS[0]), _message(0, 4, T0)]
    messages += [fb.definition_bytes(local, LAYOUTS[local]) for local in (1, 2, 3)]
    messages.append(_message(2, T0, 0, 0))
    cadence = rng.choice((0, 60, 84))
    messages += [_message(1, T0 + k, (cadence + k // 40) % 256, 64) for k in range(rng.choice((3, 60, 280)))]
    messages += [_message(2, T0 + 300, 0, 4), _message(3, T0 + 300, T0, 1)]
    for _ in range(rng.randint(1, 4)):
        at, kind = rng.randrange(len(messages)), rng.randrange(7)
        message = bytearray(messages[at])
        if kind <= 1 and len(message) >= 5:
            start = 1 if kind else rng.randrange(len(message) - 3)
            message[start : start + 4] = rng.choice((integer(rng, 32), T0 + rng.randrange(-(10**8), 10**8))).to_bytes(
                4, "little"
            )
            messages[at] = bytes(message)
        elif kind == 2:
            messages[at] = damaged(rng, bytes(message), 1)
        elif kind == 3:
            messages.insert(rng.randrange(len(messages)), messages[at])
        elif kind == 4:
            messages[at] = bytes([rng.randrange(256)]) + bytes(message[1:])
        elif kind == 5:
            count = rng.choice((1, 3, 255))
            more = bytes([count]) + bytes((rng.randrange(256), rng.choice((1, 4, 255)), 0)) * count
            messages.insert(at, bytes([0x60 | rng.randrange(16), 0, rng.randrange(2), 20, 0]) + more + more)
        else:
            del messages[at]
            if not messages:
                break
    made = whole_fit(b"".join(messages))
    if rng.random() < 0.1:
        made += whole_fit(b"".join(messages)) if rng.random() < 0.5 else rng.randbytes(40)
    return damaged(rng, made, 2) if rng.random() < 0.1 else made


class Fit(Target):
    """A watch's file, split and read: times and cadences that are used are finite."""

    name, share = "fit", 0.8

    def make(self, rng: random.Random) -> bytes:
        return hostile_fit(rng)

    def run(self, case: bytes) -> str:
        data, _ = unpacked(case, "watch.fit")
        for fit in fb.read_chain(data, "watch.fit"):
            watch = read_watch(fit, "watch.fit")
            if not np.isfinite(watch.spm[~np.isnan(watch.spm)]).all() or not np.isfinite(watch.paused_s).all():
                raise Violated("a value of the watch is not finite")
        return "watch"


@functools.cache
def _five_minutes() -> Run:
    phases = Phase("stand", 20.0), Phase("run", 280.0)
    return untuck.analyse(simulate(Scenario(phases), seed=2).samples)


class Merge(Target):
    """A watch's file merged with a run: the result is a FIT file with as many records, or there is none."""

    name, share = "merge", 0.05

    def prepare(self) -> None:
        _five_minutes()

    def make(self, rng: random.Random) -> bytes:
        return hostile_fit(rng)

    def run(self, case: bytes) -> str:
        given = 0.0 if zlib.crc32(case) % 2 else None
        merged = merge(case, "watch.fit", _five_minutes(), float(ZERO_S), given)
        if not math.isfinite(merged.match.offset_s):
            raise Violated("the offset is not finite")
        records = sum(len(fit.data(fb.RECORD)) for fit in fb.read_chain(merged.data, "merged.fit"))
        if records != sum(len(fit.data(fb.RECORD)) for fit in fb.read_chain(unpacked(case, "")[0], "watch.fit")):
            raise Violated("records are missing")
        return "merged"


class Tables(Target):
    """Recordings as other programs write them, damaged as bytes and as text: finite samples in order of time."""

    name, share = "tables", 0.2
    _words = (
        "",
        "nan",
        "inf",
        "-1e308",
        "1e999",
        "0",
        "time",
        "acc_x",
        "2026-11-28 10:00:00",
        "2026-13-45",
        "1;2;3",
        "9" * 400,
        "true",
        "0x10",
    )
    _forms = tuple(form for form in WRITTEN if not form.name.endswith(".c3d"))  # a process for each file

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()

    @functools.cache  # noqa: B019  # one target lives as long as its process
    def _written(self, number: int) -> bytes:
        path = Path(self._folder.name) / self._forms[number].name
        self._forms[number].write(path, untuck.example()[3600:3800])
        return path.read_bytes()

    def make(self, rng: random.Random) -> bytes:
        number = rng.randrange(len(self._forms))
        data = self._written(number)
        if self._forms[number].name.endswith((".csv", ".txt")) and rng.random() < 0.7:
            data = damaged_text(rng, data.decode("utf-8", "replace"), self._words).encode("utf-8", "replace")
        else:
            data = damaged(rng, data)
        return bytes([number]) + data

    def run(self, case: bytes) -> str:
        path = Path(self._folder.name) / f"theirs{Path(self._forms[case[0]].name).suffix}"
        path.write_bytes(case[1:])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            samples = read_samples(path)
        for values in (samples.time_s, samples.acc_m_s2, samples.gyr_rad_s):
            if not np.isfinite(values).all():
                raise Violated("a sample is not finite")
        if len(samples) > 1 and not (np.diff(samples.time_s) > 0).all():
            raise Violated("time does not increase")
        return "samples"
