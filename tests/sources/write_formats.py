"""Writes samples as the devices and apps of formats.py export them, for the tests that read them again."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from untuck.model import GRAVITY_M_S2
from untuck.samples import Samples

EPOCH_S = 1_760_000_000
Write = Callable[[Path, Samples], None]


@dataclass(frozen=True)
class Written:
    """A file of a format: its name, who writes it, its resolutions, and what shall be said about it."""

    key: str
    name: str
    write: Write
    said: str
    acc_m_s2: float = 1e-5
    gyr_rad_s: float = 1e-5
    time_s: float = 1e-6
    id: str = ""


def lines(samples: Samples, form: str, acc: float = 1.0, gyr: float = 1.0, start: int = 0) -> str:
    """A row for each sample; form has {i}, {t}, {a[0]} and {g[0]}; acc, gyr: units of the file in SI."""
    rows = zip(samples.time_s, samples.acc_m_s2 / acc, samples.gyr_rad_s / gyr, strict=True)
    return "".join(form.format(i=start + i, t=t, a=a, g=g) + "\n" for i, (t, a, g) in enumerate(rows))


DEG = np.pi / 180
A6 = "{a[0]:.6f},{a[1]:.6f},{a[2]:.6f}"
G6 = "{g[0]:.6f},{g[1]:.6f},{g[2]:.6f}"


def dot(path: Path, s: Samples) -> None:
    """Movella DOT: sep line, facts, counter, microseconds of 32 bits that wrap in the file."""
    head = "sep=,\nDeviceTag:,7\nFirmwareVersion:,2.0.0\nAppVersion:,2021.0.0\n\n"
    head += "PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z\n"
    first = 2**32 - 1_000_000
    rows = lines(s, "{i},@," + A6 + "," + G6, gyr=DEG).splitlines()
    ticks = (first + np.round((s.time_s - s.time_s[0]) * 1e6).astype(np.int64)) % 2**32
    path.write_text(head + "\n".join(row.replace("@", str(tick)) for row, tick in zip(rows, ticks, strict=True)) + "\n")


def mtw(path: Path, s: Samples) -> None:
    """MT Manager: comment lines, tabs, a counter of 16 bits, an empty column of time."""
    head = (
        "// Start Time: Unknown\n// Update Rate: 100.0Hz\n// Filter Profile: human (46.1)\n// Firmware Version: 4.6.0\n"
    )
    head += "PacketCounter\tSampleTimeFine\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z\n"
    rows = lines(s, "#\t\t" + (A6 + "," + G6).replace(",", "\t")).splitlines()
    path.write_text(
        head + "\n".join(row.replace("#", f"{(65000 + i) % 65536:05}") for i, row in enumerate(rows)) + "\n"
    )


def shimmer(path: Path, s: Samples) -> None:
    """Consensys: sep line, names with the device, a row of units, a separator at each end of line."""
    names = ["Timestamp_Unix", *(f"Accel_LN_{a}" for a in "XYZ"), *(f"Accel_WR_{a}" for a in "XYZ")]
    names += [f"Gyro_{a}" for a in "XYZ"]
    head = '"sep=\t"\n' + "".join(f"Shimmer_40AC_{name}_CAL\t" for name in names) + "\n"
    head += "ms\t" + "m/(s^2)\t" * 6 + "deg/s\t" * 3 + "\n"
    body = lines(
        s, "@\t0.0,0.0,9.8,".replace(",", "\t") + (A6 + "," + G6).replace(",", "\t") + "\t", gyr=DEG
    ).splitlines()
    times = EPOCH_S * 1000 + (s.time_s - s.time_s[0]) * 1000
    path.write_text(head + "\n".join(row.replace("@", f"{t:.3f}") for row, t in zip(body, times, strict=True)) + "\n")


def shimmer_rows(path: Path, s: Samples) -> None:
    """Older Shimmer software: device, name, CAL and unit in four rows."""
    names = ["Timestamp", *(f"Wide Range Accelerometer {a}" for a in "XYZ"), *(f"Gyroscope {a}" for a in "XYZ")]
    rows = [["Shimmer 40AC"] * 7, names, ["CAL"] * 7, ["ms", *["m/(sec^2)"] * 3, *["deg/sec"] * 3]]
    times = lines(s, "{t:.6f}," + A6 + "," + G6, gyr=DEG).splitlines()
    body = [f"{float(row.partition(',')[0]) * 1000:.3f},{row.partition(',')[2]}" for row in times]
    path.write_text("\n".join([*(",".join(row) for row in rows), *body]).replace(",", "\t") + "\n")


def delsys(path: Path, s: Samples, comma: bool = False) -> None:
    """Trigno Discover: facts, sensors, modes, a time for each channel, rates, periods; EMG is longer than the rest."""
    channels = [("EMG 1", "mV"), *((f"ACC {a}", "G") for a in "XYZ"), *((f"GYRO {a}", "deg/s") for a in "XYZ")]
    head = (
        "Application:, Trigno Discover (2.1.0.7)\nDate/Time:, 28-11-2026 10:00:00\nCollection Length (seconds):, 60\n"
    )
    devices = ("Avanti Sensor 1 (75923)", "Pelvis (75657)")
    head += ", ".join(device + ", " * 13 for device in devices) + "\n"
    head += ", ".join("sensor mode: 65" + ", " * 13 for _ in devices) + "\n"
    head += ", ".join(f"{name} Time Series (s), {name} ({unit})" for name, unit in channels * 2) + "\n"
    head += ", ".join(", 1259.2593 Hz" if "EMG" in name else ", 100 Hz" for name, _ in channels * 2) + "\n"
    head += ", ".join(", 0.000794 s" if "EMG" in name else ", 0.01 s" for name, _ in channels * 2) + "\n"
    acc, gyr = s.acc_m_s2 / GRAVITY_M_S2, s.gyr_rad_s / DEG
    body = []
    for i in range(len(s) + 50):
        emg, cells = [f"{i / 1259.2593:.6f}", "0.001"], []
        for still in (True, False):
            values = [0, 0, 1, 0, 0, 0] if still else [*acc[min(i, len(s) - 1)], *gyr[min(i, len(s) - 1)]]
            measured = [f"{s.time_s[i]:.6f}, {v:.7f}" if i < len(s) else ", " for v in values]
            cells += [", ".join([*emg, *measured])]
        body.append(", ".join(cells))
    text = head + "\n".join(body) + "\n"
    path.write_text(text.replace(", ", ";").replace(".", ",") if comma else text)


def ax6(path: Path, s: Samples) -> None:
    """cwa-convert: date and time in ms, g, deg/s; no header."""
    path.write_text(_dated(s, lines(s, "@," + A6 + "," + G6, GRAVITY_M_S2, DEG)))


def ax6_header(path: Path, s: Samples) -> None:
    """The same with the header that omconvert's neighbours write."""
    head = "Time,Accel-X (g), Accel-Y (g), Accel-Z (g), Gyro-X (d/s), Gyro-Y (d/s), Gyro-Z (d/s)\n"
    path.write_text(head + _dated(s, lines(s, "@," + A6 + "," + G6, GRAVITY_M_S2, DEG)))


def _dated(s: Samples, body: str) -> str:
    start = datetime.datetime.fromtimestamp(EPOCH_S, datetime.UTC)
    rows = zip(body.splitlines(), s.time_s - s.time_s[0], strict=True)
    stamps = ((row, start + datetime.timedelta(milliseconds=round(t * 1000))) for row, t in rows)
    return "".join(row.replace("@", f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}") + "\n" for row, at in stamps)


def apdm(path: Path, s: Samples) -> None:
    """Opal, version 5: Sensors/ID with a label in its configuration; another sensor on a foot."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["FileFormatVersion"] = 5
        for key, label, turn in (("1234", "Right Foot", 0.5), ("2345", "Lumbar", 1.0)):
            group = file.create_group(f"Sensors/{key}")
            group["Accelerometer"], group["Gyroscope"] = s.acc_m_s2, s.gyr_rad_s * turn
            group["Time"] = (EPOCH_S * 10**6 + np.round((s.time_s - s.time_s[0]) * 1e6)).astype(np.uint64)
            group["Accelerometer"].attrs["Units"], group["Gyroscope"].attrs["Units"] = b"m/s^2", b"rad/s"
            group.create_group("Configuration").attrs["Label 0"] = np.bytes_(label)


def apdm_old(path: Path, s: Samples) -> None:
    """Opal, version 3: CASE/Calibrated, labels in lists of the file."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["FileFormatVersion"] = 3
        file.attrs["CaseIdList"] = np.array([b"SI-000123"])
        file.attrs["MonitorLabelList"] = np.array([b"Lumbar"])
        group = file.create_group("SI-000123/Calibrated")
        group["Accelerometers"], group["Gyroscopes"] = s.acc_m_s2, s.gyr_rad_s
        file["SI-000123/Time"] = (EPOCH_S * 10**6 + np.round((s.time_s - s.time_s[0]) * 1e6)).astype(np.uint64)


def phyphox(path: Path, s: Samples) -> None:
    """phyphox: a zip of a table for each sensor, with times of their own (here of the same samples)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for stem, name, unit, form in (
            ("Accelerometer", "Acceleration", "m/s^2", A6),
            ("Gyroscope", "Gyroscope", "rad/s", G6),
        ):
            head = '"Time (s)",' + ",".join(f'"{name} {a} ({unit})"' for a in "xyz") + "\n"
            archive.writestr(f"{stem}.csv", head + lines(s, "{t:.9E}," + form))
        archive.writestr("meta/device.csv", '"property","value"\n"version","1.1.16"\n')


def phyphox_tabs(path: Path, s: Samples) -> None:
    """phyphox: one table, tabs, decimal commas."""
    names = [f"Acceleration {a} (m/s^2)" for a in "xyz"] + [f"Gyroscope {a} (rad/s)" for a in "xyz"]
    head = "\t".join(f'"{name}"' for name in ("Time (s)", *names)) + "\n"
    body = lines(s, ("{t:.6f}," + A6 + "," + G6).replace(",", "\t")).replace(".", ",")
    path.write_text(head + body)


def _logger_table(s: Samples, values: np.ndarray, shift_s: float = 0.0) -> str:
    ns = EPOCH_S * 10**9 + np.round((s.time_s - s.time_s[0] + shift_s) * 1e9).astype(np.int64)
    rows = zip(ns.tolist(), s.time_s - s.time_s[0], values, strict=True)
    return "time,seconds_elapsed,z,y,x\n" + "".join(
        f"{n},{t:.9f},{v[2]:.6f},{v[1]:.6f},{v[0]:.6f}\n" for n, t, v in rows
    )


def _metadata(system: str) -> str:
    names = "version,device name,recording epoch time,recording time,recording timezone,platform,appVersion,device id"
    names += ",sensors,sampleRateMs,standardisation,platform version"
    return f"{names}\n3,Phone,0,x,UTC,{system},1.6,0,a|b,10|10,false,1\n"


def logger_android(path: Path, s: Samples) -> None:
    """Sensor Logger on Android: total acceleration, nanoseconds since 1970, z before y before x."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("TotalAcceleration.csv", _logger_table(s, s.acc_m_s2))
        archive.writestr("Accelerometer.csv", _logger_table(s, s.acc_m_s2 * 0.5))
        archive.writestr("Gyroscope.csv", _logger_table(s, s.gyr_rad_s))
        archive.writestr("Metadata.csv", _metadata("android"))


def logger_ios(path: Path, s: Samples) -> None:
    """Sensor Logger on iOS, a folder: acceleration and gravity apart, with Apple's signs."""
    gravity = np.tile([0.0, GRAVITY_M_S2, 0.0], (len(s), 1))
    tables = {"Accelerometer": gravity - s.acc_m_s2, "Gravity": -gravity, "Gyroscope": s.gyr_rad_s}
    for name, values in tables.items():
        (path.parent / f"{name}.csv").write_text(_logger_table(s, values))
    (path.parent / "Metadata.csv").write_text(_metadata("ios"))


def sensorlog(path: Path, s: Samples) -> None:
    """SensorLog on iOS: g with Apple's signs, text columns between."""
    head = "loggingTime(txt),accelerometerTimestamp_sinceReboot(s),accelerometerAccelerationX(G),"
    head += "accelerometerAccelerationY(G),accelerometerAccelerationZ(G),motionRotationRateX(rad/s),"
    head += "motionRotationRateY(rad/s),motionRotationRateZ(rad/s),motionAttitudeReferenceFrame(txt)\n"
    row = "2026-11-28T10:00:00.000+01:00,{t:.6f}," + A6 + "," + G6 + ",XArbitraryZVertical"
    path.write_text(head + lines(s, row, -GRAVITY_M_S2))


def physics_toolbox(path: Path, s: Samples) -> None:
    """Physics Toolbox: g, rad/s."""
    path.write_text("time,gFx,gFy,gFz,wx,wy,wz,\n" + lines(s, "{t:.6f}," + A6 + "," + G6 + ",", GRAVITY_M_S2))


def androsensor(path: Path, s: Samples) -> None:
    """AndroSensor: semicolons, units in the header in Latin-1, milliseconds."""
    names = [f"ACCELEROMETER {a} (m/s\N{SUPERSCRIPT TWO})" for a in "XYZ"]
    names += [f"LINEAR ACCELERATION {a} (m/s\N{SUPERSCRIPT TWO})" for a in "XYZ"]
    names += [f"GYROSCOPE {a} (rad/s)" for a in "XYZ"] + ["Time since start in ms ", "DATE"]
    row = (A6 + ",0.1,0.2,0.3," + G6).replace(",", ";") + ";@;2026-11-28 10:00:00:000"
    body = lines(s, row).splitlines()
    rows = [each.replace("@", f"{t * 1000:.3f}") for each, t in zip(body, s.time_s, strict=True)]
    path.write_bytes((";".join(names) + "\n" + "\n".join(rows) + "\n").encode("latin-1"))


def plain(path: Path, s: Samples) -> None:
    """A table that somebody made: short names, no units, UTF-16, decimal commas."""
    body = lines(s, ("{t:.6f}," + A6 + "," + G6).replace(",", ";"), GRAVITY_M_S2, DEG).replace(".", ",")
    path.write_bytes(("time;ax;ay;az;gx;gy;gz\n" + body).encode("utf-16"))


def mat(path: Path, s: Samples) -> None:
    """MAT: a structure with vectors and a rate."""
    from scipy.io import savemat

    savemat(path, {"imu": {"acc": s.acc_m_s2.T, "gyro": s.gyr_rad_s / DEG, "fs": 100.0}})


def xdf(path: Path, s: Samples) -> None:
    """XDF: one stream of six channels with labels and units, and a stream of markers."""
    labels = [(f"acc_{a}", "m/s^2") for a in "xyz"] + [(f"gyr_{a}", "deg/s") for a in "xyz"]
    channels = "".join(f"<channel><label>{label}</label><unit>{unit}</unit></channel>" for label, unit in labels)
    info = "<?xml version='1.0'?><info><name>Pelvis</name><type>IMU</type><channel_count>6</channel_count>"
    info += "<nominal_srate>100</nominal_srate><channel_format>double64</channel_format>"
    info += f"<desc><channels>{channels}</channels></desc></info>"
    foot = f"<?xml version='1.0'?><info><sample_count>{len(s)}</sample_count></info>"
    values = np.hstack([s.acc_m_s2, s.gyr_rad_s / DEG])
    body = b"".join(
        b"\x08" + struct.pack("<d", 1000 + t) + row.tobytes() for t, row in zip(s.time_s, values, strict=True)
    )
    parts = [
        (1, b"<?xml version='1.0'?><info><version>1.0</version></info>"),
        (2, struct.pack("<I", 1) + info.encode()),
    ]
    parts += [(3, struct.pack("<I", 1) + b"\x04" + struct.pack("<I", len(s)) + body)]
    parts += [(6, struct.pack("<I", 1) + foot.encode())]
    out = io.BytesIO(b"")
    out.write(b"XDF:")
    for tag, content in parts:
        out.write(b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content)
    path.write_bytes(out.getvalue())


def c3d(path: Path, s: Samples) -> None:
    """C3D: analog channels at their own rate, markers beside them."""
    import ezc3d

    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    file["parameters"]["POINT"]["LABELS"]["value"] = ["LASI"]
    file["parameters"]["ANALOG"]["RATE"]["value"] = [100.0]
    names = [f"Pelvis.ACC.{a}" for a in "XYZ"] + [f"Pelvis.GYRO.{a}" for a in "XYZ"]
    file["parameters"]["ANALOG"]["LABELS"]["value"] = names
    file["parameters"]["ANALOG"]["UNITS"]["value"] = ["g"] * 3 + ["deg/s"] * 3
    points = np.ones((4, 1, len(s)))
    file["data"]["points"] = points
    file["data"]["analogs"] = np.hstack([s.acc_m_s2 / GRAVITY_M_S2, s.gyr_rad_s / DEG]).T[None]
    file.write(str(path))


def npz(path: Path, s: Samples) -> None:
    """NPZ: vectors with units in their names."""
    np.savez(path, acc_g=s.acc_m_s2 / GRAVITY_M_S2, gyro_deg_s=s.gyr_rad_s / DEG, time_ms=s.time_s * 1000)


def parquet(path: Path, s: Samples) -> None:
    """Parquet: short names, time stamps."""
    import pyarrow
    import pyarrow.parquet

    at = np.datetime64(EPOCH_S, "s").astype("datetime64[ns]") + np.round(s.time_s * 1e9).astype("timedelta64[ns]")
    columns = {f"accel_{a}": s.acc_m_s2[:, i] for i, a in enumerate("xyz")}
    columns |= {f"gyro_{a}": s.gyr_rad_s[:, i] for i, a in enumerate("xyz")}
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": at, **columns}), path)


SI = "acceleration in m/s^2, gyro in rad/s, 100 Hz"
G_DEG = "acceleration in g, gyro in deg/s, 100 Hz"
WRITTEN = (
    Written("dot", "dot.csv", dot, "acceleration in m/s^2, gyro in deg/s, 100 Hz, Movella DOT export"),
    Written("mtw", "mtw.txt", mtw, f"{SI}, Xsens MTw export"),
    Written(
        "shimmer", "shimmer.csv", shimmer, "acceleration in m/s^2, gyro in deg/s, 100 Hz, Shimmer Consensys export"
    ),
    Written("shimmer", "rows.csv", shimmer_rows, "gyro in deg/s, 100 Hz, Shimmer Consensys export", id="shimmer, rows"),
    Written("delsys", "delsys.csv", delsys, f"{G_DEG}, sensor Pelvis (75657), Delsys Trigno export"),
    Written("delsys", "comma.csv", lambda p, s: delsys(p, s, True), f"{G_DEG}, sensor Pelvis", id="delsys, commas"),
    Written("ax6", "ax6.csv", ax6, f"{G_DEG}, Axivity AX6 export"),
    Written("ax6", "ax6_header.csv", ax6_header, f"{G_DEG}, Axivity AX6 export", id="ax6, header"),
    Written("apdm", "opal.h5", apdm, f"{SI}, sensor Lumbar, APDM Opal HDF5", 0.0, 0.0),
    Written("apdm", "old.h5", apdm_old, f"{SI}, APDM Opal HDF5", 0.0, 0.0, id="apdm, version 3"),
    Written("phyphox", "phyphox.zip", phyphox, f"{SI}, phyphox export"),
    Written("phyphox", "tabs.csv", phyphox_tabs, f"{SI}, phyphox export", id="phyphox, tabs"),
    Written(
        "sensorlogger", "android.zip", logger_android, "acceleration in m/s^2 (by its size), gyro in rad/s, 100 Hz"
    ),
    Written("sensorlogger", "Accelerometer.csv", logger_ios, "axes -x,-y,-z", id="sensorlogger, iOS"),
    Written("sensorlog", "sensorlog.csv", sensorlog, "acceleration in g, gyro in rad/s, 100 Hz, axes -x,-y,-z"),
    Written("physicstoolbox", "toolbox.csv", physics_toolbox, "acceleration in g, gyro in rad/s, 100 Hz, Physics"),
    Written("table", "andro.csv", androsensor, f"{SI}, table", id="AndroSensor"),
    Written(
        "table", "plain.csv", plain, "acceleration in g (by its size), gyro in deg/s (by its size)", id="plain CSV"
    ),
    Written(
        "table",
        "run.mat",
        mat,
        "acceleration in m/s^2 (by its size), gyro in deg/s (by its size)",
        0.0,
        1e-12,
        id="MAT",
    ),
    Written("table", "run.xdf", xdf, "acceleration in m/s^2, gyro in deg/s, 100 Hz, table", 0.0, 1e-12, id="XDF"),
    Written("table", "run.c3d", c3d, f"{G_DEG}, table", 1e-4, 1e-4, id="C3D"),
    Written("table", "run.npz", npz, f"{G_DEG}, table", 1e-12, 1e-12, id="NPZ"),
    Written(
        "table",
        "run.parquet",
        parquet,
        "acceleration in m/s^2 (by its size), gyro in rad/s (by its size)",
        0.0,
        0.0,
        id="Parquet",
    ),
)
