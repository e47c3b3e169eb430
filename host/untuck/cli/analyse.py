"""`untuck analyse FILE`: samples of another sensor or program, from a numpy archive, through the same analysis.

Only reading and checking the file lives here; units and shapes are those of untuck.Samples.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from untuck.cli import output
from untuck.errors import SamplesError
from untuck.model import Samples

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@output.as_json
def analyse(file: Path, as_json: bool) -> None:
    """Analyse samples in FILE, a numpy archive (.npz).

    It holds time_s (N,) or rate_hz, gyr_rad_s (N,3), acc_m_s2 (N,3) and perhaps quat (N,4), w x y z: as clipped on the
    back of the waistband, x right, y up, z backward. Begin with 5 s of standing and three hip hinges.
    """
    samples = read_npz(file)
    from untuck.cli.warmup import TEXT, is_cached
    from untuck.motion.pipeline import analyse as analyse_samples
    from untuck.report.summary import Signal, summarise

    if not is_cached():
        output.note(TEXT)
    run = analyse_samples(samples)
    length_s = float(samples.time_s[-1] - samples.time_s[0])
    signal = Signal(length_s, packets=0, samples=len(samples), lost=0, corrupt=0, gaps=0, resets=0, restarts=0)
    output.print_summary(summarise(run, signal), str(file), as_json)


def read_npz(file: Path) -> Samples:
    """Samples from a numpy archive. Raises SamplesError for whatever is wrong with the file."""
    try:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise SamplesError(f"{file} holds one array, not an archive: save it with numpy.savez.")
        with loaded as archive:
            return _samples(archive, file)
    except OSError as error:
        raise SamplesError(f"{file} cannot be read ({error.strerror or 'no numpy archive'}).") from error
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, SamplesError):
            raise
        raise SamplesError(f"{file} is no numpy archive (.npz) of plain numbers: save it with numpy.savez.") from error


def _samples(archive: NpzFile, file: Path) -> Samples:
    missing = [name for name in ("gyr_rad_s", "acc_m_s2") if name not in archive]
    if "time_s" not in archive and "rate_hz" not in archive:
        missing.append("time_s or rate_hz")
    if missing:
        raise SamplesError(f"{file} lacks {', '.join(missing)}: it has {', '.join(archive.files) or 'nothing'}.")
    gyr = archive["gyr_rad_s"]
    if "time_s" in archive:
        time_s = archive["time_s"]
    else:
        rate_hz = archive["rate_hz"]
        if rate_hz.size != 1 or not rate_hz > 0 or gyr.ndim == 0:
            raise SamplesError(f"{file} has rate_hz {rate_hz}: it must be one number, more than 0.")
        time_s = np.arange(len(gyr)) / float(rate_hz.item())
    return Samples(time_s, gyr, archive["acc_m_s2"], archive.get("quat"))
