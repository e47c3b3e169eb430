"""Targets of what is kept on disk: archives of other people, settings, commands, blocks of packets."""

from __future__ import annotations

import functools
import io
import json
import math
import random
import re
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

from click.testing import CliRunner
from tests.fuzz.damage import TEXTS, damaged, damaged_json, damaged_text
from tests.fuzz.on_air import hostile_stream, valid_packets
from tests.fuzz.target import Target, Violated

import untuck
from untuck.cli.main import cli
from untuck.model import Packet
from untuck.motion.pipeline import Pipeline
from untuck.session.reanalysis import reanalyse
from untuck.session_commands import from_text, to_text
from untuck.store import Settings, Store, archive, edits
from untuck.store.blocks import pack, unpack
from untuck.store.config import Config, parse_config, to_toml
from untuck.store.profile import Profile
from untuck.store.profile_codes import from_codes, to_codes
from untuck.store.profile_file import from_text as profile_from
from untuck.store.profile_file import to_text as profile_text

WORDS = (
    "0", "-1", "1e300", "nan", "inf", "-inf", "1" * 400, "1" * 5000, "true", "[]", "{}", '""', '"tones"', "[1, 2]",
    "[" * 3000, "1979-05-27T07:32:00Z", "0x7f", '["tuck", "tuck"]', "[runner.Ada.sound]", "[runner]", "[[sound]]",
    "[sound.sound]", "volume_pct = 1", 'name = "Ada"', '"\\u0000"', '"\\ud800"',
)  # fmt: skip


class Configs(Target):
    """Settings files: what is read is finite and within its limits, or one line says what is wrong."""

    name, share = "config", 2.0

    def make(self, rng: random.Random) -> bytes:
        text = to_toml(Config()) + '\n[runner.Ada.sound]\nvolume_pct = 60\n\n[runner."B.".form]\ntuck_on_deg = 5\n'
        return damaged_text(rng, text, WORDS).encode("utf-8", "surrogatepass")

    def run(self, case: bytes) -> str:
        try:
            text = case.decode("utf-8")
        except UnicodeDecodeError:
            return "not UTF-8"
        config = parse_config(text, None, "untuck.toml")
        for section in (config.sound, config.cues, config.form, config.clip):
            for key, value in asdict(section).items():
                if isinstance(value, float) and not math.isfinite(value):
                    raise Violated(f"{key} is {value}")
        parse_config(to_toml(config), None, "untuck.toml")
        return "settings"


class Profiles(Target):
    """Runners' profiles of others, as files or QR codes: what is read is written the same way again, and is used."""

    name, share = "profiles", 2.0

    def prepare(self) -> None:
        _exported_profile()

    def make(self, rng: random.Random) -> bytes:
        text = _exported_profile()
        kind = rng.randrange(10)
        if kind < 6:
            return json.dumps(damaged_json(rng, json.loads(text))).encode("utf-8", "surrogatepass")
        if kind < 8:
            return damaged(rng, text.encode())
        codes = list(to_codes(text, rng.choice((100, 440, 1600))))
        rng.shuffle(codes)
        return damaged(rng, "\n".join(codes).encode(), 1) if kind == 8 else "\n".join(codes).encode()

    def run(self, case: bytes) -> str:
        if case.startswith(b"UNTUCK"):
            case = from_codes(tuple(case.decode("ascii", "replace").split("\n"))).encode()
        profile = profile_from(case)
        text = profile_text(profile)
        if profile_text(profile_from(text)) != text:
            raise Violated("it reads differently")
        pipeline = Pipeline(profile.calibration, profile.baseline)
        pipeline.push(_few_samples())
        pipeline.finish()
        return "profile"


class CommandTexts(Target):
    """Session commands as stored: what is read is written the same way again."""

    name, share = "command texts", 10.0
    _kinds = ("lap", "note", "mute", "cues", "faults", "threshold", "baseline", "zero", "calibrate", "stale", "x", "")
    _values = (
        "on",
        "off",
        "tuck",
        "tuck,pullback",
        "tuck_on_deg=5",
        "tuck_on_deg=nan",
        "tuck_on_deg=1e999",
        "x=1",
        "=",
        *TEXTS,
    )

    def make(self, rng: random.Random) -> bytes:
        value = rng.choice(self._values)
        if rng.random() < 0.5:
            value = damaged_text(rng, value, WORDS)
        return json.dumps([rng.choice(self._kinds), value, rng.choice((0.0, 1.5, -math.inf, math.inf, 1e300))]).encode()

    def run(self, case: bytes) -> str:
        kind, value, time_s = json.loads(case)
        command = from_text(kind, value, time_s)
        if from_text(*to_text(command), time_s) != command:
            raise Violated(f"{command} reads differently")
        return type(command).__name__


class Blocks(Target):
    """Blocks of packets in the store: packets, or one line that says that it is damaged."""

    name, share = "blocks", 8.0

    def make(self, rng: random.Random) -> bytes:
        packets = [Packet(data, 5.0 + 0.05 * k) for k, data in enumerate(hostile_stream(rng, rng.randint(1, 5)))]
        return damaged(rng, pack(packets))

    def run(self, case: bytes) -> str:
        packets = list(unpack(case))
        if sum(len(packet.data) for packet in packets) > len(case):
            raise Violated("more bytes than there are")
        return "packets" if packets else "nothing"


@functools.cache
def _exported_profile() -> str:
    run = untuck.analyse(untuck.example())
    return profile_text(Profile("Ada", run.calibration, 1.8e9, run.baseline, 1.8e9, sessions=3))


@functools.cache
def _few_samples() -> untuck.Samples:
    return untuck.example()[12_000:12_500]


@functools.cache
def _exported() -> dict[str, bytes]:
    """The parts of an archive, by name."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "sessions.db")
        settings = Settings(rate_hz=100, runner="Ada")
        with store.record("clip 0A1B", "run", settings) as recording:
            for number, data in enumerate(valid_packets()[:60]):
                recording.append(Packet(data, 5.0 + 0.05 * number))
            for kind, value in (("lap", "first"), ("threshold", "tuck_on_deg=5.0"), ("note", "windy")):
                recording.command(from_text(kind, value, 0.5))
            recording.end()
        summary = reanalyse(store.open(1)).summary
        from untuck.store import codec

        path = Path(folder) / "run.untuck"
        with store.record("clip 0A1B", "run", settings, started_unix_s=1.7e9) as recording:
            for packet in store.open(1).packets():
                recording.append(packet)
            for command in store.open(1).commands():
                recording.command(command)
            recording.end(codec.to_json(summary))
        edits.rename(store, 2, "Long run")
        edits.tag(store, 2, ["hill"])
        archive.write_archive(store.open(2), path)
        with zipfile.ZipFile(path) as whole:
            return {name: whole.read(name) for name in whole.namelist()}


class Archives(Target):
    """Archives of others. What is imported is listed, analysed and compared like any session, or was rejected."""

    name, share = "archives", 0.15

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "theirs.untuck"
        self._home = Path(self._folder.name) / "home"

    def prepare(self) -> None:
        _exported()

    def make(self, rng: random.Random) -> bytes:
        parts = dict(_exported())
        kind = rng.randrange(8)
        if kind < 6:
            about = json.loads(parts["session.json"])
            parts["session.json"] = json.dumps(damaged_json(rng, about)).encode()
        else:
            name = rng.choice(sorted(parts))
            parts[name] = damaged(rng, parts[name])
        if rng.random() < 0.1:
            parts[rng.choice(("packets/000001.bin", "packets/9.bin", "../evil", "session.json2"))] = b"\0" * 100
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
            for name, data in parts.items():
                whole.writestr(name, data)
        return damaged(rng, made.getvalue(), 2) if rng.random() < 0.1 else made.getvalue()

    def run(self, case: bytes) -> str:
        self._path.write_bytes(case)
        store = Store(self._home / "sessions.db")
        number = archive.read_archive(store, self._path)
        try:
            self._use(store, number)
        finally:
            edits.delete(store, number)
        return "imported"

    def _use(self, store: Store, number: int) -> None:
        session = store.open(number)
        repr(session)
        reanalyse(session)
        for words in (["sessions"], ["sessions", "--json"], ["trend"], ["trend", "--json"], ["summary", str(number)]):
            done = CliRunner().invoke(cli, words, env={"UNTUCK_HOME": str(self._home)})
            if done.exception is not None and not isinstance(done.exception, SystemExit):
                raise Violated(f"untuck {' '.join(words)}: {done.exception!r}") from done.exception
            if found := re.search(r".*[\x00-\x08\x0b-\x1f\x7f].*", done.output):
                raise Violated(f"untuck {' '.join(words)} prints {found[0]!r}")
