"""Recordings to analyse: files, and sessions in the store with all that their analysis started from."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import SupportsIndex, overload

from untuck.errors import SamplesError
from untuck.extras import extra_for
from untuck.model import Baseline, Calibration
from untuck.motion.params import Params
from untuck.samples import Samples
from untuck.session_commands import SessionCommand
from untuck.sources.files import FileSamples, Options, axes_of, format_key, read_samples, unit_map
from untuck.store import Store, StoredSession


class SessionSamples(Samples):
    """Samples of a stored session, with all that its analysis started from.

    Attributes
    ----------
    session : int
        Number of the session in the store.
    calibration, baseline : Calibration or None, Baseline or None
        Those that the session started with; None where it found them in its own recording.
    params : Params
        Thresholds of the session.
    commands : tuple of session commands
        What runner and coach asked for during the session (laps, thresholds, mute and so on), and what followed from
        its packets (late data, the clip's button).
    trunk : Samples or None
        Those of the second clip on the clock of the first, if the session has one.
    trunk_calibration : Calibration or None
        As `calibration`, of the second clip.
    """

    session: int
    calibration: Calibration | None
    baseline: Baseline | None
    params: Params
    commands: tuple[SessionCommand, ...]
    trunk: Samples | None
    trunk_calibration: Calibration | None

    def __init__(self, stored: StoredSession) -> None:
        from untuck.session.reanalysis import decode  # loads the whole analysis

        decoded = decode(stored)
        samples, settings = decoded.samples, decoded.settings
        super().__init__(samples.time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat)
        facts = {
            "session": stored.id,
            "calibration": settings.calibration,
            "baseline": settings.baseline,
            "params": settings.params,
            "commands": decoded.commands,
            "trunk": decoded.trunk,
            "trunk_calibration": settings.trunk_calibration,
        }
        for name, value in facts.items():  # Samples is frozen
            object.__setattr__(self, name, value)


@overload
def load(
    source: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    rate_hz: float | None = None,
    format: str = "",
    units: str = "",
    axes: str = "",
    sensor: str = "",
) -> FileSamples: ...


@overload
def load(source: SupportsIndex | StoredSession) -> SessionSamples: ...


def load(
    source: str | os.PathLike[str] | SupportsIndex | StoredSession,
    *,
    columns: Mapping[str, str] | None = None,
    rate_hz: float | None = None,
    format: str = "",
    units: str = "",
    axes: str = "",
    sensor: str = "",
) -> Samples:
    """Load a recording: from a file, or from the session store.

    Parameters
    ----------
    source : path, int or StoredSession
        A file as a device or app exported it (docs/data.md lists the formats), or a session of the store by its
        number or as `sessions` lists it.
    columns : mapping, optional
        Of a table: what it calls our columns, where the names differ, e.g. ``{"acc_x_m_s2": "ax"}``.
    rate_hz : float, optional
        Samples per second, for a file without time or instead of its time.
    format, units, axes, sensor : str, optional
        Instead of what is understood, as the flags of ``untuck analyse``: ``"dot"``, ``"acc=g,gyr=deg/s"``,
        ``"-x,y,-z"``, ``"Lumbar"``.

    Returns
    -------
    Samples
        In the sensor frame: x right, y up, z backward. Of a file with `source`: units, rate and format as understood.
        Of a session `SessionSamples`: with `calibration`, `baseline`, `params` and `commands`, and with `trunk` and
        `trunk_calibration`, which are None with one clip, so that `analyse` gives the strides, findings and cues of
        that session again.

    Raises
    ------
    SamplesError
        The file cannot be read, lacks something, or its units are ambiguous.
    StoreError
        There is no such session, or it is damaged.
    PacketError
        The session was recorded with a protocol version that this version does not read.
    MissingExtraError
        A table needs pyarrow, HDF5 and its like the extra `formats`, the store needs platformdirs.

    Examples
    --------
    A file that numpy wrote:

    >>> import numpy, untuck
    >>> s = untuck.example()
    >>> numpy.savez("run.npz", rate_hz=100, gyr_rad_s=s.gyr_rad_s, acc_m_s2=s.acc_m_s2)
    >>> untuck.load("run.npz")
    Samples(14301 at 100 Hz, 0.0 to 143.0 s)

    A stored session, analysed as it was live:

    >>> s = untuck.load(1)
    >>> both = {"trunk": s.trunk, "trunk_calibration": s.trunk_calibration}
    >>> run = untuck.analyse(s, s.calibration, s.baseline, s.params, s.commands, **both)
    """
    if isinstance(source, str | os.PathLike):
        with extra_for(f"untuck.load of {os.fspath(source)}"):
            turns = axes_of(tuple(axes.split()))
            named = Options(columns or {}, rate_hz, format_key(format), unit_map(units), turns, sensor=sensor)
            return read_samples(Path(source), options=named)
    if columns is not None or rate_hz is not None or format or units or axes or sensor:
        raise SamplesError("columns, rate_hz and the like describe files: a stored session needs neither.")
    if isinstance(source, StoredSession):
        return SessionSamples(source)
    with extra_for("untuck.load of a stored session"):
        return SessionSamples(Store().open(operator.index(source)))


def sessions() -> list[StoredSession]:
    """List the sessions in the store, oldest first.

    Returns
    -------
    list of StoredSession
        Each with `id`, `source`, `mode`, `started_unix_s`, `duration_s`, `runner`, `name`, `note` and `tags`;
        `load` reads the samples of one.

    Raises
    ------
    StoreError
        The store cannot be read.
    MissingExtraError
        The store needs platformdirs.

    Examples
    --------
    >>> import untuck
    >>> for session in untuck.sessions():
    ...     print(session.id, session.mode, session.source)
    1 demo simulated runner
    """
    with extra_for("untuck.sessions"):
        return Store().sessions()
