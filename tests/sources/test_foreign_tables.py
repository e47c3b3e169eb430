"""Tables of any layout: what is read, what is rejected and how, and the flags that override what was understood."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.sources.write_formats import DEG, lines

from untuck.cli.main import cli
from untuck.errors import SamplesError
from untuck.model import GRAVITY_M_S2
from untuck.samples import Samples
from untuck.sources.files import Options, axes_of, read_samples, unit_map
from untuck.vocabulary import Role

ROW = "{t:.6f},{a[0]:.6f},{a[1]:.6f},{a[2]:.6f},{g[0]:.6f},{g[1]:.6f},{g[2]:.6f}"


@pytest.fixture(scope="module")
def recorded() -> Samples:
    import untuck

    return untuck.example()[:4500]


def text(samples: Samples, header: str, acc: float = 1.0, gyr: float = 1.0) -> str:
    return header + "\n" + lines(samples, ROW, acc, gyr)


def assert_near(samples: Samples, recorded: Samples) -> None:
    np.testing.assert_allclose(samples.acc_m_s2, recorded.acc_m_s2, atol=2e-5)
    np.testing.assert_allclose(samples.gyr_rad_s, recorded.gyr_rad_s, atol=2e-6)


LAYOUTS = {
    "tabs": lambda body: body.replace(",", "\t"),
    "spaces": lambda body: body.replace(",", "   "),
    "semicolons and decimal commas": lambda body: body.replace(",", ";").replace(".", ","),
    "bars": lambda body: body.replace(",", "|"),
    "preamble": lambda body: "Exported by me\nDate: 28.11.2026\n\n" + body,
    "hash": lambda body: "# " + body,
    "no newline at the end": lambda body: body.rstrip("\n"),
    "windows": lambda body: body.replace("\n", "\r\n"),
    "old mac": lambda body: body.replace("\n", "\r"),
    "separators at the end": lambda body: body.replace("\n", ",\n"),
    "a blank column": lambda body: "".join(f",{row}\n" for row in body.splitlines()),
    "units row": lambda body: body.replace("\n", "\ns,m/s2,m/s2,m/s2,rad/s,rad/s,rad/s\n", 1),
    "quotes": lambda body: "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in body.splitlines()),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_changes_nothing(recorded: Samples, tmp_path: Path, name: str) -> None:
    path = tmp_path / "run.csv"
    path.write_bytes(LAYOUTS[name](text(recorded, "time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z")).encode())
    assert_near(read_samples(path), recorded)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_an_encoding_changes_nothing(recorded: Samples, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "run.csv"
    header = "Zeit f\N{LATIN SMALL LETTER U WITH DIAERESIS}r mich\ntime,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"
    path.write_bytes(text(recorded, header).encode(encoding))
    assert_near(read_samples(path), recorded)


TIMES = {
    "time (s)": lambda t: f"{t:.6f}",
    "time": lambda t: f"{t * 1000:.3f}",
    "timestamp": lambda t: f"{t * 1e6:.0f}",
    "t": lambda t: f"{1_760_000_000_000 + t * 1000:.0f}",
    "Timestamp_ns": lambda t: f"{1_760_000_000 * 10**9 + round(t * 1e9)}",
    "epoch_us": lambda t: f"{1_760_000_000 * 10**6 + round(t * 1e6)}",
    "datetime": lambda t: f"2026-11-28T10:{int(t) // 60:02}:{t % 60:09.6f}Z",
    "Time": lambda t: f"28.11.2026 10:{int(t) // 60:02}:{t % 60:09.6f}",
    "date": lambda t: f"2026/11/28 10:{int(t) // 60:02}:{t % 60:06.3f}",
}


@pytest.mark.parametrize("name", list(TIMES))
def test_time_is_read_in_any_unit(recorded: Samples, tmp_path: Path, name: str) -> None:
    write = TIMES[name]
    rows = text(recorded, f"{name},acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z").splitlines()
    body = [f"{write(t)},{row.partition(',')[2]}" for t, row in zip(recorded.time_s, rows[1:], strict=True)]
    path = tmp_path / "run.csv"
    path.write_text("\n".join([rows[0], *body]) + "\n")
    samples = read_samples(path)
    np.testing.assert_allclose(np.diff(samples.time_s), np.diff(recorded.time_s), atol=2e-6)


def test_midnight_is_bridged(recorded: Samples, tmp_path: Path) -> None:
    rows = text(recorded, "time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z").splitlines()
    path = tmp_path / "run.csv"
    stamps = [(86_380.0 + t) % 86_400 for t in recorded.time_s]
    times = [f"{int(t) // 3600:02}:{int(t) // 60 % 60:02}:{t % 60:06.3f}" for t in stamps]
    body = [f"{at},{row.partition(',')[2]}" for at, row in zip(times, rows[1:], strict=True)]
    path.write_text("\n".join([rows[0], *body]) + "\n")
    assert read_samples(path).time_s[-1] - read_samples(path).time_s[0] == pytest.approx(44.99, abs=0.002)


UNITS = {
    "header, brackets": (
        "time (s),Acc X (g),Acc Y (g),Acc Z (g),Gyro X (dps),Gyro Y (dps),Gyro Z (dps)",
        GRAVITY_M_S2,
        DEG,
    ),
    "header, suffix": (
        "time_s,acc_x_mg,acc_y_mg,acc_z_mg,gyr_x_deg_s,gyr_y_deg_s,gyr_z_deg_s",
        GRAVITY_M_S2 / 1000,
        DEG,
    ),
    "size": ("time,ax,ay,az,wx,wy,wz", GRAVITY_M_S2, DEG),
    "size, si": ("time,accelX,accelY,accelZ,gyroX,gyroY,gyroZ", 1.0, 1.0),
    "sensor before": ("time,Pelvis_Acc_X,Pelvis_Acc_Y,Pelvis_Acc_Z,Pelvis_Gyr_X,Pelvis_Gyr_Y,Pelvis_Gyr_Z", 1.0, 1.0),
}


@pytest.mark.parametrize("name", UNITS)
def test_units_are_converted(recorded: Samples, tmp_path: Path, name: str) -> None:
    header, acc, gyr = UNITS[name]
    path = tmp_path / "run.csv"
    path.write_text(text(recorded, header, acc, gyr))
    assert_near(read_samples(path), recorded)


def test_a_stated_unit_that_the_numbers_contradict_is_rejected(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(text(recorded, "time,Acc X (g),Acc Y (g),Acc Z (g),gx,gy,gz"))
    with pytest.raises(SamplesError, match=r"looks like m/s\^2, not g \(median 9.7.*--units acc=m/s\^2"):
        read_samples(path)
    header = "time,ax,ay,az,Gyro X (deg/s),Gyro Y (deg/s),Gyro Z (deg/s)"
    path.write_text(text(recorded, header))
    with pytest.raises(SamplesError, match=r"gravity turns .* --units gyr=rad/s"):
        read_samples(path)
    assert_near(read_samples(path, options=Options(units=unit_map("gyr=rad/s"))), recorded)


def test_slow_movement_in_an_unknown_unit_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    still = Samples(np.arange(300) / 100, np.full((300, 3), 0.01), np.tile([0.1, 9.8, 0.2], (300, 1)))
    path.write_text(text(still, "time,ax,ay,az,gx,gy,gz"))
    with pytest.raises(SamplesError, match=r"unit of angular rate .* --units gyr=rad/s"):
        read_samples(path)


def test_a_counter_is_no_time(recorded: Samples, tmp_path: Path) -> None:
    rows = text(recorded, "time,ax,ay,az,gx,gy,gz").splitlines()
    path = tmp_path / "run.csv"
    path.write_text("\n".join([rows[0], *(f"{i},{r.partition(',')[2]}" for i, r in enumerate(rows[1:]))]) + "\n")
    with pytest.raises(SamplesError, match="--rate if it counts"):
        read_samples(path)
    samples = read_samples(path, rate_hz=50.0)
    assert samples.time_s[-1] == pytest.approx(4499 / 50)


AXES = {
    "-x,y,-z": ([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], 1),
    "z,-x,-y": ([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], 1),
    "-x,-y,-z": (-np.eye(3), -1),
}


@pytest.mark.parametrize("name", AXES)
def test_axes_turn_both_sensors(recorded: Samples, tmp_path: Path, name: str) -> None:
    matrix, hand = np.array(AXES[name][0], float), AXES[name][1]
    theirs = Samples(recorded.time_s, hand * recorded.gyr_rad_s @ matrix, recorded.acc_m_s2 @ matrix)
    path = tmp_path / "run.csv"
    path.write_text(text(theirs, "time,ax,ay,az,gx,gy,gz"))
    samples = read_samples(path, options=Options(axes=axes_of((name,))))
    assert_near(samples, recorded)
    assert f"axes {name}" in samples.source


@pytest.mark.parametrize("bad", ["x,y", "x,x,z", "a,b,c", "", "mag:x,y,z"])
def test_axes_that_are_none_are_rejected(bad: str) -> None:
    with pytest.raises(SamplesError, match="--axes"):
        axes_of((bad,))


def test_an_unknown_format_shows_its_columns_and_the_flags(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(text(recorded, "when,p,q,r,u,v,w", GRAVITY_M_S2))
    with pytest.raises(SamplesError, match=r"it has when, p, q, r, u, v, w.*OURS=THEIRS") as caught:
        read_samples(path)
    flags = str(caught.value).partition("for example ")[2]
    assert '--column acc_x_m_s2="p"' in flags and "\n" not in str(caught.value)
    names = ["acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s"]
    columns = dict(zip(names, "pqruvw", strict=True)) | {"time_s": "when"}
    assert_near(read_samples(path, columns), recorded)


def test_sensors_are_never_chosen_by_chance(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    names = [f"{side}_{kind}_{axis}" for side in ("Left", "Right") for kind in ("acc", "gyr") for axis in "xyz"]
    rows = lines(recorded, ROW + "," + ROW.partition(",")[2]).strip()
    path.write_text("time," + ",".join(names) + "\n" + rows + "\n")
    with pytest.raises(SamplesError, match=r"several sensors \(Left, Right\).*--sensor NAME"):
        read_samples(path)
    assert_near(read_samples(path, options=Options(sensor="right")), recorded)
    path.write_text("time,ax,ay,az,gx,gy,gz,ax,ay,az,gx,gy,gz\n" + lines(recorded, ROW + ",1,2,3,4,5,6"))
    with pytest.raises(SamplesError, match="'ax' more than once"):
        read_samples(path)


def test_linear_acceleration_alone_is_rejected_by_name(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    names = [f"Linear Acceleration {a} (m/s^2)" for a in "xyz"] + [f"Gyroscope {a} (rad/s)" for a in "xyz"]
    path.write_text(text(recorded, ",".join(["Time (s)", *names])))
    with pytest.raises(SamplesError, match="lack gravity and cannot be used"):
        read_samples(path)


def test_sensors_with_times_of_their_own_are_joined_without_filling_gaps(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    kept = np.ones(len(recorded), bool)
    kept[2000:2100] = False
    acc = Samples(recorded.time_s[kept] + 0.004, recorded.gyr_rad_s[kept], recorded.acc_m_s2[kept])
    with zipfile.ZipFile(path, "w") as archive:
        head = '"Time (s)","Acceleration x (m/s^2)","Acceleration y (m/s^2)","Acceleration z (m/s^2)"\n'
        archive.writestr("Accelerometer.csv", head + lines(acc, "{t:.6f},{a[0]:.6f},{a[1]:.6f},{a[2]:.6f}"))
        head = '"Time (s)","Gyroscope x (rad/s)","Gyroscope y (rad/s)","Gyroscope z (rad/s)"\n'
        archive.writestr("Gyroscope.csv", head + lines(recorded, "{t:.6f},{g[0]:.6f},{g[1]:.6f},{g[2]:.6f}"))
    samples = read_samples(path)
    assert 4390 < len(samples) < 4402 and "rows without time, acceleration or angular rate left out" in samples.source
    assert np.diff(samples.time_s).max() == pytest.approx(1.01, abs=0.02)
    still = samples.time_s < 4.0
    np.testing.assert_allclose(samples.acc_m_s2[still], recorded.acc_m_s2[1 : 1 + still.sum()], atol=0.6)


def test_a_phone_of_unknown_system_is_not_guessed(recorded: Samples, tmp_path: Path) -> None:
    from tests.sources.write_formats import logger_ios

    logger_ios(tmp_path / "Accelerometer.csv", recorded)
    (tmp_path / "Metadata.csv").unlink()
    with pytest.raises(SamplesError, match=r'--axes "-x,-y,-z" for an iPhone'):
        read_samples(tmp_path / "Accelerometer.csv")
    given = Options(axes=axes_of(("-x,-y,-z",)))
    assert_near(read_samples(tmp_path, options=given), recorded)


def test_markers_alone_are_rejected(tmp_path: Path) -> None:
    import ezc3d

    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [200.0]
    file["parameters"]["POINT"]["LABELS"]["value"] = ["LASI", "RASI", "LPSI", "RPSI"]
    file["data"]["points"] = np.ones((4, 4, 100))
    file.write(str(tmp_path / "gait.c3d"))
    with pytest.raises(SamplesError, match=r"4 markers .* but no sensor"):
        read_samples(tmp_path / "gait.c3d")


def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from untuck.errors import MissingExtraError

    (tmp_path / "run.c3d").write_bytes(b"\x02\x50" + b"\0" * 600)
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(MissingExtraError, match=r"needs the 'formats' extra: pip install 'untuck\[formats\]'"):
        read_samples(tmp_path / "run.c3d")


def test_the_command_says_what_it_understood(recorded: Samples, tmp_path: Path) -> None:
    import json

    path = tmp_path / "run.csv"
    path.write_text(text(recorded, "time,p,q,r,u,v,w", GRAVITY_M_S2, DEG))
    names = ["acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s"]
    flags = [flag for ours, theirs in zip(names, "pqruvw", strict=True) for flag in ("--column", f"{ours}={theirs}")]
    done = CliRunner().invoke(cli, ["analyse", str(path), *flags, "--units", "acc=g,gyr=deg/s", "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.output.splitlines()[-1])
    assert result["source"] == "acceleration in g, gyro in deg/s, 100 Hz, table"
    assert "run.csv: acceleration in g, gyro in deg/s, 100 Hz, table" in done.output


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format", "nonsense"], "--format 'nonsense' is not known: it is one of untuck, "),
        (["--units", "acc=furlong"], "--units 'acc=furlong' is not known"),
        (["--axes", "x,y"], "--axes 'x,y'"),
        (["--column", "nonsense=p"], "OURS is one of"),
    ],
)
def test_flags_that_are_not_known_are_one_line(tmp_path: Path, flags: list[str], message: str) -> None:
    (tmp_path / "run.csv").write_text("")
    done = CliRunner().invoke(cli, ["analyse", str(tmp_path / "run.csv"), *flags])
    assert done.exit_code == 1 and message in done.output


def test_raw_counts_are_not_taken_for_a_unit(recorded: Samples, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(
        text(recorded, "time,Acc X (g),Acc Y (g),Acc Z (g),Gyro X (LSB),Gyro Y (LSB),Gyro Z (LSB)", 9.80665, 0.01)
    )
    with pytest.raises(SamplesError, match=r"unit 'LSB' of 'Gyro X \(LSB\)' is not known: give --units gyr="):
        read_samples(path)
    path.write_text(text(recorded, "time,ax,ay,az,gx,gy,gz", 1.0, DEG / 131))
    with pytest.raises(SamplesError, match=r"angular rate|no sensor gives"):
        read_samples(path)


def test_a_packet_counter_keeps_the_gaps_that_a_rate_alone_would_hide(recorded: Samples, tmp_path: Path) -> None:
    from tests.sources.write_formats import mtw

    path = tmp_path / "run.txt"
    mtw(path, recorded)
    rows = [row for row in path.read_text().splitlines() if "Update Rate" not in row]
    path.write_text("\n".join([*rows[:1000], *rows[1100:]]) + "\n")
    with pytest.raises(SamplesError, match=r"lacks time_s or rate_hz.*--rate 100"):
        read_samples(path)
    samples = read_samples(path, rate_hz=100.0)
    assert np.diff(samples.time_s).max() == pytest.approx(1.01) and len(samples) == 4400


def test_python_has_the_flags_too(recorded: Samples, tmp_path: Path) -> None:
    import untuck

    path = tmp_path / "run.csv"
    path.write_text(text(recorded, "time,p,q,r,u,v,w", -GRAVITY_M_S2, DEG))
    names = ["acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s"]
    columns = dict(zip(names, "pqruvw", strict=True))
    samples = untuck.load(path, columns=columns, units="acc=g,gyr=deg/s", axes="-x,-y,-z")
    assert_near(samples, recorded)
    assert samples.source.startswith("acceleration in g, gyro in deg/s, 100 Hz, axes -x,-y,-z")
    with pytest.raises(SamplesError, match="describe files"):
        untuck.load(1, units="acc=g")  # type: ignore[call-overload]


def test_only_what_is_not_recognised_is_asked_for(recorded: Samples, tmp_path: Path) -> None:
    """All six columns were called missing, with a unit that the header contradicts, where one name is unusual."""
    path = tmp_path / "run.csv"
    path.write_text(text(recorded, "t,ax [mg],ay [mg],az [mg],gx [dps],gy [dps],yaw", GRAVITY_M_S2 / 1000, DEG))
    with pytest.raises(SamplesError) as raised:
        read_samples(path)
    said = str(raised.value)
    assert "lacks gyr_z_rad_s: it has" in said and said.endswith('--column gyr_z_rad_s="yaw"')
    read = read_samples(path, options=Options({"gyr_z_rad_s": "yaw"}))
    np.testing.assert_allclose(read.acc_m_s2, recorded.acc_m_s2, atol=2e-5)
    np.testing.assert_allclose(read.gyr_rad_s, recorded.gyr_rad_s, atol=2e-6)


def many(recorded: Samples, path: Path, *names: str) -> Path:
    """A table with the same samples once for each sensor."""
    columns = [f"{name}{kind}_{axis}" for name in names for kind in ("acc", "gyr") for axis in "xyz"]
    rows = ",".join([ROW, *[ROW.partition(",")[2]] * (len(names) - 1)])
    path.write_text("time," + ",".join(columns) + "\n" + lines(recorded, rows))
    return path


def test_a_sensor_that_a_file_does_not_have_is_named_with_those_that_it_has(recorded: Samples, tmp_path: Path) -> None:
    known = {("",): "one, without a name", ("Left_", "Right_"): "Left, Right", ("Waist_",): "one, Waist"}
    for names, has in known.items():
        path = many(recorded, tmp_path / "run.csv", *names)
        with pytest.raises(SamplesError, match=f"it has no sensor 'Ankle': it has {has}\\.$"):
            read_samples(path, options=Options(sensor="Ankle"))
    path = many(recorded, tmp_path / "run.csv", "Left Hip_", "Right Hip_")
    with pytest.raises(SamplesError, match=r"'hip' is a part of several sensors' names \(Left Hip, Right Hip\)"):
        read_samples(path, options=Options(sensor="hip"))


def test_the_sensor_of_the_upper_back_is_chosen_by_its_own_names(recorded: Samples, tmp_path: Path) -> None:
    path = many(recorded, tmp_path / "run.csv", "Pelvis_", "Trunk_", "Foot_")
    for role, name in ((Role.PELVIS, "Pelvis"), (Role.TRUNK, "Trunk")):
        assert f"sensor {name}," in read_samples(path, options=Options(role=role)).source
    path = many(recorded, tmp_path / "run.csv", "Pelvis_", "Foot_")
    with pytest.raises(SamplesError, match=r"\(Pelvis, Foot\): give the one at the upper back with --trunk-sensor"):
        read_samples(path, options=Options(role=Role.TRUNK))
