"""Run: the results of a whole recording, with its short form, its plot and its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from untuck.extras import extra_for
from untuck.model import Baseline, Calibration, Cue, Finding, Floats, StandingCheck, SuppressedCue, judged
from untuck.session_commands import SessionCommand
from untuck.vocabulary import clock

if TYPE_CHECKING:
    import pyarrow
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class TrunkTraces:
    """What a second clip on the upper back measured, per sample.

    Attributes
    ----------
    time_s : (M,) array, s
        Time of its samples.
    quat : (M, 4) array
        Orientation, unit quaternions w x y z, sensor to earth.
    lean_deg, obliquity_deg, rotation_deg : (M,) arrays, deg
        Lean of the trunk against standing (forward positive), obliquity and rotation with the signs of the pelvis's.
    calibration : Calibration
        How the clip sits on the trunk.
    """

    time_s: Floats
    quat: Floats
    lean_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    calibration: Calibration


def trunk_columns(trunk: TrunkTraces | None) -> dict[str, NDArray[Any]]:
    """The traces of a second clip by name of the column; without one the columns are empty."""
    names = ("lean_deg", "obliquity_deg", "rotation_deg")
    if trunk is None:
        return {name: np.empty(0) for name in ("time_s", *(f"quat_{part}" for part in "wxyz"), *names)}
    quat = {f"quat_{part}": trunk.quat[:, k] for k, part in enumerate("wxyz")}
    return {"time_s": trunk.time_s} | quat | {name: getattr(trunk, name) for name in names}


@dataclass(frozen=True, eq=False)
class Run:
    """The analysis of a recording: per sample, per contact, per stride, and what was found.

    Angles are those of the pelvis, in degrees; times are seconds on the sensor's clock.

    Attributes
    ----------
    time_s : (N,) array, s
        Time of the samples.
    quat : (N, 4) array
        Orientation, unit quaternions w x y z, sensor to earth (z up, heading free).
    tilt_deg, obliquity_deg, rotation_deg : (N,) arrays, deg
        Tilt above standing (forward positive), obliquity (right side up positive), and rotation about its stride mean
        (right hip forward positive).
    contacts : (C,) structured array
        Foot contacts: `time_s`, `toe_off_s`, `side` (-1 left, +1 right).
    strides : (S,) structured array
        From right contact to right contact; docs/data.md lists the columns and their units.
    findings : tuple of Finding
        Faults that lasted, in order of their start.
    cues, suppressed_cues : tuple of Cue, tuple of SuppressedCue
        Cues that sound live, and those that were due and did not sound.
    calibration : Calibration
        The last one in use.
    baseline : Baseline or None
        The one in use, None where too few clean strides were run.
    warnings : tuple of str
        What is wrong with the recording and what to do about it.
    commands : tuple of session commands
        Those that took effect.
    standings : tuple
        Each time that standing was measured again after calibration.
    chip_error_deg : float, deg
        RMS angle between the chip's vertical and the estimated one; NaN without a chip's quaternion.
    chance_s : tuple of float, s
        When the tuck's test upside down found something: it shows how often chance alone does in this run.
    sides : {"hinges", "running", ""}
        What shows which side is left; "" if nothing does, and then no side is named.
    trunk : TrunkTraces or None
        Of a second clip; None without one.

    Examples
    --------
    >>> import untuck
    >>> run = untuck.analyse(untuck.example())
    >>> run
    Run(2:23, 167 strides of which 162 are clean; tuck 7.1 deg at 1:11, right pullback 4.7 deg at 1:46; 4 cues)
    >>> clean = run.strides[run.strides["valid"]]
    >>> round(float(clean["tilt_deg"].mean()), 1)
    4.3
    """

    time_s: Floats
    quat: Floats
    tilt_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    contacts: NDArray[np.void]
    strides: NDArray[np.void]
    findings: tuple[Finding, ...]
    cues: tuple[Cue, ...]
    suppressed_cues: tuple[SuppressedCue, ...]
    calibration: Calibration
    baseline: Baseline | None
    warnings: tuple[str, ...]
    commands: tuple[SessionCommand, ...] = ()
    standings: tuple[StandingCheck, ...] = ()  # each measured again after calibration
    chip_error_deg: float = float("nan")  # RMS of the chip's vertical against ours, a cross-check; else NaN
    chance_s: tuple[float, ...] = ()
    sides: str = ""
    trunk: TrunkTraces | None = None

    def __repr__(self) -> str:
        strides, clean = len(self.strides), int(self.strides["valid"].sum())
        length = f"{clock(self.time_s[-1] - self.time_s[0])}, " if len(self.time_s) else ""
        unjudged = "no findings" if judged(self.strides).any() else "not judged"
        found = ", ".join(_in_words(each) for each in self.findings) or unjudged
        counts = [f"{len(self.cues)} cues"] + [f"{n} warnings" for n in (len(self.warnings),) if n]
        return f"Run({length}{strides} strides of which {clean} are clean; {found}; {', '.join(counts)})"

    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw tilt with findings and cues, pullback below, and with two clips lean and lower back.

        Parameters
        ----------
        figure : matplotlib.figure.Figure, optional
            An empty figure to draw into, such as pyplot's; None makes one of 10 by 5.6 inches, 7.4 with two clips.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, to be shown or saved.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.

        Examples
        --------
        >>> import untuck
        >>> untuck.analyse(untuck.example()).plot().savefig("run.png", dpi=150)
        """
        with extra_for("run.plot()"):
            from untuck.plotting import plot_run
        return plot_run(self, figure)

    def to_arrow(self, table: str = "strides") -> pyarrow.Table:
        """Convert a table of the run to a pyarrow table; what is not known is null.

        Parameters
        ----------
        table : {"strides", "contacts", "findings", "cues", "suppressed_cues", "traces", "trunk"}
            "traces" has a row a sample, "trunk" one a sample of the second clip, the others one a stride, contact,
            finding or cue.

        Returns
        -------
        pyarrow.Table
            Column names carry the units; docs/data.md lists them.

        Raises
        ------
        UntuckError
            There is no such table.
        MissingExtraError
            pyarrow is not installed.

        Examples
        --------
        >>> import untuck
        >>> run = untuck.analyse(untuck.example())
        >>> run.to_arrow("findings").select(["fault", "side", "ended"]).to_pylist()[0]
        {'fault': 'tuck', 'side': 0, 'ended': 'corrected'}
        """
        from untuck.frames import to_arrow

        return to_arrow(self, table)

    def to_frame(self, table: str = "strides", library: Literal["pandas", "polars"] | None = None) -> Any:
        """Convert a table of the run to a data frame.

        Parameters
        ----------
        table : {"strides", "contacts", "findings", "cues", "suppressed_cues", "traces", "trunk"}
            "traces" has a row a sample, "trunk" one a sample of the second clip, the others one a stride, contact,
            finding or cue.
        library : {"pandas", "polars"}, optional
            Whose data frame; None takes pandas where it is installed, else polars.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            Column names carry the units; docs/data.md lists them. What is not known is NaN in pandas, null in polars.

        Raises
        ------
        UntuckError
            There is no such table or library.
        MissingExtraError
            The library is not installed.

        Examples
        --------
        >>> import untuck
        >>> run = untuck.analyse(untuck.example())
        >>> round(run.to_frame().query("valid")["cadence_spm"].mean())
        169
        >>> run.to_frame("cues", "polars").shape
        (4, 5)
        """
        from untuck.frames import to_frame

        return to_frame(self, table, library)


def _in_words(finding: Finding) -> str:
    """A finding as a few words: "right pullback 4.5 deg at 1:47"."""
    return f"{finding.name} {finding.depth_deg:.1f} deg at {clock(finding.start_s)}"
