"""The command line as users see it: the demo against its truth, an exact replay, and every kind of bad input.

Every command runs in its own process, with its own data folder.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from untuck import wire
from untuck.model import Packet
from untuck.store import Settings, Store


def untuck(*arguments: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `untuck` and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "untuck", *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, **(env or {})},
        **options,
    )


def error_of(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """The one line that reports the error; progress lines may come before it."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("untuck: ")
    return last


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a demo session, and what the demo printed in stdout.json."""
    home = tmp_path_factory.mktemp("demo")
    done = untuck("demo", "--fast", "--json", env={"UNTUCK_HOME": str(home)})
    assert done.returncode == 0, done.stderr
    (home / "stdout.json").write_text(done.stdout)
    (home / "stderr.txt").write_text(done.stderr)
    return home


@pytest.fixture
def in_demo_home(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNTUCK_HOME", str(demo_home))
    return demo_home


def demo_result(home: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((home / "stdout.json").read_text().splitlines()[-1])
    return result


def test_the_demo_finds_what_the_runner_did(demo_home: Path) -> None:
    result = demo_result(demo_home)
    truth = result["truth"]
    assert abs(result["strides"] - truth["strides"]) <= 2 and truth["strides"] > 150
    assert [(f["fault"], f["side"]) for f in result["findings"]] == [("tuck", 0), ("pullback", 1)]
    for found, real in zip(result["findings"], truth["faults"], strict=True):
        assert (found["fault"], found["side"]) == (real["fault"], real["side"])
        assert real["start_s"] - 8 < found["start_s"] < real["start_s"] + 8
        assert real["end_s"] < found["end_s"] < real["end_s"] + 12
        assert found["depth_deg"] == pytest.approx(real["depth_deg"], abs=2.5)
    assert [cue["fault"] for cue in result["cues"]] == ["tuck", "recovered", "pullback", "recovered"]
    assert result["cues"][2]["side"] == 1
    assert result["signal"]["lost"] == result["signal"]["corrupt"] == 0


def test_the_demo_reports_that_it_is_simulated_and_whether_there_is_sound(demo_home: Path) -> None:
    progress = (demo_home / "stderr.txt").read_text()
    assert "this is not a recording of a person" in progress
    assert "no sound device" in progress or "sound through" in progress


def test_the_first_compile_is_announced(own_home: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "untuck", "demo", "--fast"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    progress = [process.stderr.readline() for _ in range(2)]
    process.kill()
    process.communicate()
    assert "compiling the analysis for this machine: once" in progress[1]


def test_a_replay_is_the_live_run_to_the_bit(in_demo_home: Path) -> None:
    live, again = demo_result(in_demo_home), json.loads(untuck("replay", "1", "--json").stdout)
    live.pop("truth")
    assert again == live  # every number in the JSON is a float's repr: equal texts are equal bits
    assert json.loads(untuck("summary", "--json").stdout) == live


def test_sessions_lists_the_demo(in_demo_home: Path) -> None:
    (row,) = json.loads(untuck("sessions", "--json").stdout)["sessions"]
    assert (row["id"], row["mode"], row["source"]) == (1, "demo", "simulated runner")
    assert row["packet_count"] > 2000 and row["ended_unix_s"] > row["started_unix_s"]
    text = untuck("sessions").stdout
    assert "simulated runner" in text and "cut off" not in text


def test_the_summary_fits_a_terminal_and_names_what_matters(in_demo_home: Path) -> None:
    done = untuck("summary", "1")
    assert done.returncode == 0 and done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80
    for word in ("pelvic lean", "baseline", "right pullback", "0 lost", "not medical advice"):
        assert word in done.stdout, word


def test_the_plain_view_shows_the_course_of_the_session(in_demo_home: Path) -> None:
    lines = untuck("replay", "1").stdout.splitlines()
    texts = [line[8:] for line in lines if line[:6].strip()]
    for begin in ("calibrated from", "running", "baseline taken", "found: tuck since", "cue: tuck (low double tone)"):
        assert any(text.startswith(begin) for text in texts), begin
    assert max(map(len, lines)) <= 80


def test_another_seed_is_another_run_and_too_few_minutes_are_reported(demo_home: Path) -> None:
    done = untuck("demo", "--fast", "--json", "--seed", "1", "--minutes", "1")
    assert done.returncode == 0 and "takes at least" in done.stderr
    first, other = demo_result(demo_home), json.loads(done.stdout)
    assert other["truth"]["faults"] == first["truth"]["faults"]
    assert other["findings"] != first["findings"] and len(other["findings"]) == 2


def listen_to_ctrl_c() -> None:
    """In a child, as in a terminal: where tests run in the background the shell has them ignore SIGINT, and a child
    that inherits this ignores it as well, rightly."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_ends_a_session_with_its_summary(in_demo_home: Path) -> None:
    before = json.loads(untuck("summary", "--json").stdout)["session"]
    process = subprocess.Popen(
        [sys.executable, "-m", "untuck", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen_to_ctrl_c,
    )
    while max(Store().sessions(), key=lambda each: each.id).packet_count == 0 or len(Store().sessions()) == 1:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0 and "Traceback" not in err
    assert "No running strides were found." in out and "stopped" in out
    assert "is not kept: it has no running stride" in err
    assert [session.id for session in Store().sessions()] == [before] and Store().open().id == before


@pytest.mark.parametrize("command", ["replay", "summary"])
def test_an_unknown_session(own_home: Path, command: str) -> None:
    assert "no session is recorded yet" in error_of(untuck(command))
    with Store().record("a", "run", Settings()):
        pass
    assert "there is no session 7: `untuck sessions` lists" in error_of(untuck(command, "7"))


def test_a_session_without_a_stride_is_never_the_newest(own_home: Path) -> None:
    with Store().record("a", "run", Settings()):
        pass
    done = untuck("summary")
    assert done.returncode == 0 and "No running strides were found." in done.stdout and "Session 1" in done.stdout
    with Store().record("b", "run", Settings()) as recording:
        recording.append(Packet(b"x", 0.0))
        recording.end('{"strides": 3}')
    for _ in range(2):
        with Store().record("c", "run", Settings()) as recording:
            recording.append(Packet(b"x", 0.0))
            recording.end('{"strides": 0}')
    assert Store().open().source == "b" and Store().open(4).source == "c"
    with pytest.raises(KeyboardInterrupt), Store().record("d", "run", Settings()):
        raise KeyboardInterrupt
    assert len(Store().sessions()) == 4


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = untuck("demo", "--fast", env={"UNTUCK_HOME": str(tmp_path / "file" / "home")})
    assert "set UNTUCK_HOME to a folder you can write to" in error_of(done)


@pytest.mark.usefixtures("demo_home", "own_home")  # the demo has filled the compiler's cache
def test_a_full_disk_ends_in_a_summary_and_an_error() -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    limit = 120_000
    done = untuck("demo", "--fast", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert "free some space" in error_of(done)
    assert "recording waits" in done.stdout and "right pullback" in done.stdout  # the session went on


def test_no_bluetooth(own_home: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux lets a test take the Bluetooth service away")
    done = untuck("run", env={"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={own_home}/none"})
    assert "systemctl start bluetooth" in error_of(done)
    assert Store().sessions() == []


def test_a_session_of_another_protocol_version(own_home: Path) -> None:
    packet = bytearray(wire.packet_size(1))
    wire.pack_header(packet, 0, 1, 0, 0, 0, 10_000, 1)
    packet[0] = wire.PACKET_VERSION + 1
    wire.seal(packet, 1)
    with Store().record("a", "run", Settings()) as recording:
        recording.append(Packet(bytes(packet), 0.0))
    assert "protocol version 2, this host version 1: update untuck" in error_of(untuck("replay"))


def test_damaged_packets_are_counted_not_used(own_home: Path) -> None:
    from untuck.simulate.packets import pack
    from untuck.simulate.runner import Phase, Scenario, simulate

    sent = pack(simulate(Scenario((Phase("stand", 2.0),))).samples, 100)
    flipped = bytes([*sent[4][:-1], sent[4][-1] ^ 1])
    with Store().record("a", "run", Settings()) as recording:
        for data in (*sent[:3], sent[3][:-1], flipped, b"", *sent[5:]):
            recording.append(Packet(data, 0.0))
    counted = json.loads(untuck("replay", "--json").stdout)["signal"]
    assert (counted["corrupt"], counted["lost"], counted["packets"]) == (3, 2, len(sent) - 2)


def test_doctor_reports_what_is_missing(own_home: Path) -> None:
    done = untuck("doctor", "--json", env={"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={own_home}/none"})
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["Python"]["ok"] and checks["Data folder"]["ok"]
    assert {"Sound", "Window", "Extras"} <= set(checks)
    assert done.returncode == (0 if checks["Bluetooth"]["ok"] else 1)


ROWS = 1000
GOOD = {"rate_hz": 100.0, "gyr_rad_s": np.zeros((ROWS, 3)), "acc_m_s2": np.tile([0, 9.81, 0], (ROWS, 1))}


def with_nan(values: np.ndarray) -> np.ndarray:
    broken = values.copy()
    broken[17, 1] = np.nan
    return broken


BAD_ARCHIVES = {
    "lacks": ({"rate_hz": 100.0}, "lacks gyr_rad_s, acc_m_s2"),
    "no time": ({k: v for k, v in GOOD.items() if k != "rate_hz"}, "lacks time_s or rate_hz"),
    "not finite": (GOOD | {"gyr_rad_s": with_nan(GOOD["gyr_rad_s"])}, "gyr_rad_s is not finite at sample 17"),
    "shape": (GOOD | {"acc_m_s2": np.zeros((ROWS, 2))}, "acc_m_s2 has shape"),
    "backwards": (GOOD | {"time_s": -np.arange(ROWS) / 100}, "time_s does not increase at sample 1"),
    "rate": (GOOD | {"rate_hz": 0.0}, "it must be one number greater than 0"),
    "rate shape": (GOOD | {"rate_hz": [1.0, 2.0]}, "it must be one number"),
    "text": (GOOD | {"gyr_rad_s": np.array(["a"])}, "is no array of plain numbers"),
    "too short": ({**GOOD, "gyr_rad_s": np.zeros((9, 3)), "acc_m_s2": GOOD["acc_m_s2"][:9]}, "too short to calibrate"),
    "empty": ({**GOOD, "gyr_rad_s": np.zeros((0, 3)), "acc_m_s2": np.ones((0, 3))}, "empty"),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_analyse_reports_what_is_wrong_with_a_file(tmp_path: Path, name: str) -> None:
    arrays, expected = BAD_ARCHIVES[name]
    path = tmp_path / "run.npz"
    np.savez(path, **arrays)
    assert expected in error_of(untuck("analyse", str(path)))


def test_analyse_reports_a_file_that_is_not_an_archive(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    np.save(tmp_path / "one.npy", np.zeros(3))
    assert "is no numpy archive" in error_of(untuck("analyse", str(tmp_path / "text.npz")))
    assert "holds one array" in error_of(untuck("analyse", str(tmp_path / "one.npy")))
    assert "there is no such file" in error_of(untuck("analyse", str(tmp_path / "none.npz")))
    assert "cannot be read" in error_of(untuck("analyse", str(tmp_path)))


def test_analyse_gives_what_the_library_gives(tmp_path: Path) -> None:
    import untuck as library
    from untuck.simulate.runner import simulate

    samples = simulate(seed=3).samples
    path = tmp_path / "run.npz"
    np.savez(path, time_s=samples.time_s, gyr_rad_s=samples.gyr_rad_s, acc_m_s2=samples.acc_m_s2)
    result = json.loads(untuck("analyse", str(path), "--json").stdout)
    run = library.analyse(library.Samples(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2))
    assert result["strides"] == len(run.strides) > 150
    assert [f["start_s"] for f in result["findings"]] == [f.start_s for f in run.findings]


def test_what_is_loaded_before_a_session_is_excluded_from_garbage_collection() -> None:
    """A full collection over the objects of all libraries would stop sound and analysis."""
    look = "print(gc.get_freeze_count(), len(gc.get_objects()))"
    program = f"import gc; from untuck.session.warmup import warm_up; warm_up(print); {look}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=400, check=True)
    frozen, left = map(int, done.stdout.splitlines()[-1].split())
    assert frozen > 20 * left
