"""Lab Streaming Layer, checked with an inlet: all samples, strides and cues arrive in order with sensor time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from untuck.errors import ReportError

CONFIG = "[multicast]\nResolveScope = machine\n[lab]\nKnownPeers = {127.0.0.1}\n[log]\nlevel = -2\n"


@pytest.fixture(scope="module")
def pylsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The library, restricted to this machine; skips if it cannot be loaded."""
    path = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    path.write_text(CONFIG)
    os.environ["LSLAPICFG"] = str(path)
    yield pytest.importorskip("pylsl", exc_type=(ImportError, OSError, RuntimeError))
    del os.environ["LSLAPICFG"]


def test_an_inlet_receives_samples_strides_and_cues(pylsl: Any, own_home: Path) -> None:
    from untuck.events import CueDecided, CueSuppressed, StrideMeasured
    from untuck.model import Packet
    from untuck.report.lsl import GAIT, IMU, Outlet
    from untuck.session.packet_pipeline import PacketPipeline
    from untuck.session_commands import Mute
    from untuck.simulate.packets import pack
    from untuck.simulate.runner import Phase, Scenario, simulate
    from untuck.store import Settings

    phases = (*Scenario.default().phases[:3], Phase("run", 48.0), Phase("run", 10.0, tuck_deg=7.0))
    samples = simulate(Scenario(phases), seed=1).samples
    packets, inlets = PacketPipeline(Settings()), dict[str, Any]()
    sent: list[Any] = []
    with Outlet("test") as outlet:
        for data in pack(samples, 100):
            events = packets.push(Packet(data, 0.0))
            sent += events
            if any(isinstance(event, CueDecided) for event in events):
                packets.command(Mute())  # so that one is suppressed
                packets.take_commands()
            if inlets:
                outlet.push(packets.newest, events)
                continue
            first_s = float(packets.newest.time_s[-1])  # the streams open with this packet; inlets receive the next
            outlet.push(packets.newest, events)
            for name in ("samples", "strides", "cues"):
                found = pylsl.resolve_byprop("source_id", f"untuck-test-{name}", 1, 10.0)
                assert found, f"no stream of {name}"
                inlets[name] = pylsl.StreamInlet(found[0], max_buflen=600)
                inlets[name].open_stream(10.0)
        rows, stamps = drain(inlets["samples"], int((samples.time_s > first_s).sum()))
        expected = samples.time_s[samples.time_s > first_s]
        assert len(rows) == len(expected) > 7_000
        np.testing.assert_allclose(np.array(rows)[:, :3], samples.gyr_rad_s[-len(rows) :], atol=1e-3)
        np.testing.assert_allclose(np.array(rows)[:, 3:6], samples.acc_m_s2[-len(rows) :], atol=1e-2)
        assert np.all(abs(np.diff(stamps) - np.diff(expected)) < 0.051 * 0.06)
        measured = [event.stride for event in sent if isinstance(event, StrideMeasured)]
        strides, _ = drain(inlets["strides"], len(measured))
        tilt = [column.name for column in GAIT].index("tilt_deg")
        assert [row[tilt] for row in strides] == [float(record["tilt_deg"]) for record in measured]
        sounded = [event.cue for event in sent if isinstance(event, CueDecided)]
        suppressed = [event.cue for event in sent if isinstance(event, CueSuppressed)]
        rows, _ = drain(inlets["cues"], len(sounded) + len(suppressed))
        markers = [json.loads(row[0]) for row in rows]
        heard = [(each["fault"], each["side"], each["time_s"]) for each in markers if each["sounded"]]
        assert heard == [(cue.fault, cue.side, cue.time_s) for cue in sounded] != []
        assert len(markers) == len(sounded) + len(suppressed) > len(sounded)
        labels = inlets["samples"].info().desc().child("channels").child("channel")
        assert labels.child_value("label") == IMU[0].name and labels.child_value("unit") == "rad/s"


def drain(inlet: Any, count: int) -> tuple[list[Any], list[float]]:
    """So many samples of an inlet, or fewer if none came for five seconds."""
    rows, stamps = list[Any](), list[float]()
    while len(rows) < count:
        more, at = inlet.pull_chunk(5.0, min(4096, count - len(rows)))
        if not more:
            break
        rows += more
        stamps += at
    return rows, stamps


def test_without_the_library_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from untuck.report.lsl import Outlet

    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(ReportError, match="pip install pylsl, or omit --lsl"):
        Outlet("test")
