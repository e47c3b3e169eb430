"""The pipeline: samples of one clip or two in, events out; the results of a run together.

Composes the pelvis's stages (pelvis_stream.py), the second clip (trunk/) and the results; each decision is in the
module that is named after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from untuck.errors import SamplesError
from untuck.events import Event, Warned
from untuck.model import Baseline, Calibration, Progress
from untuck.motion.history import History
from untuck.motion.params import Params
from untuck.motion.pelvis_stream import PelvisStream
from untuck.motion.results import OpenFile, Results
from untuck.motion.strides.traces import angle_traces
from untuck.motion.trunk.pair import Pair
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.session_commands import SessionCommand
from untuck.vocabulary import Moving, Role


class Pipeline:
    """Analyse a stream: push samples, get events.

    The results are those of `analyse`, to the bit, whatever the chunks.

    Parameters
    ----------
    calibration : Calibration, optional
        How the sensor sits on the pelvis; None finds it in the stream (5 s of standing, three hip hinges).
    baseline : Baseline, optional
        The runner's own good form; None takes it from the first clean strides after calibration.
    params : Params, optional
        Thresholds; None takes the defaults.
    keep_samples : bool
        Keep every sample, so that `run` has the traces of the whole recording. Without, memory stays flat.
    trunk : bool
        Whether a second clip, on the upper back, is expected from the start. Samples of the pelvis then wait for those
        of the trunk, 0.05 s where both come at once and 0.5 s at most. `push` with role "trunk" sets it as well.
    trunk_calibration : Calibration, optional
        How the second clip sits on the trunk; None finds it in the stream, in the same standing and hinges.

    Examples
    --------
    >>> import untuck
    >>> samples = untuck.example()
    >>> pipeline = untuck.Pipeline()
    >>> for start in range(0, len(samples), 10):
    ...     for event in pipeline.push(samples[start : start + 10]):
    ...         if event.kind == "cue":
    ...             print(f"{event.time_s:.1f} s: {event.value.fault}")
    73.6 s: tuck
    95.0 s: recovered
    112.1 s: pullback
    133.4 s: recovered
    >>> events = pipeline.finish()
    """

    def __init__(
        self,
        calibration: Calibration | None = None,
        baseline: Baseline | None = None,
        params: Params | None = None,
        keep_samples: bool = False,
        *,
        trunk: bool = False,
        trunk_calibration: Calibration | None = None,
    ) -> None:
        params = params or Params()
        self._results = Results()
        self._pelvis = PelvisStream(params, calibration, baseline, keep_samples, self._results)
        self.history = self._pelvis.history  # the samples that are still kept, to be read, for drawing
        self._keep_samples = keep_samples
        if trunk or trunk_calibration is not None:
            self._pelvis.pair = Pair(params, trunk_calibration, keep_samples, self._pelvis.mounting)

    @property
    def params(self) -> Params:
        """The thresholds in use; commands change them."""
        return self._pelvis.params

    @property
    def moving(self) -> Moving:
        """Whether the runner stands, walks or runs."""
        return self._pelvis.moving

    @property
    def calibration(self) -> Calibration:
        """The one in use; it may change while the wearer stands."""
        return self._pelvis.calibration

    @property
    def baseline(self) -> Baseline | None:
        """The one in use, None until it has been taken."""
        return self._pelvis.judge.baseline

    @property
    def progress(self) -> Progress:
        """What is not finished yet, for display."""
        pelvis = self._pelvis
        progress = pelvis.judge.progress(pelvis.mounting.search)
        return progress if pelvis.pair is None else replace(progress, trunk_search=pelvis.pair.clip.mounting.search)

    @property
    def trunk_calibration(self) -> Calibration | None:
        """That of the clip on the upper back; None without one."""
        pair = self._pelvis.pair
        return None if pair is None else pair.clip.calibration

    @property
    def trunk_history(self) -> History | None:
        """As `history`, of the clip on the upper back; None without one."""
        pair = self._pelvis.pair
        return None if pair is None else pair.clip.history

    @property
    def trunk_present(self) -> bool:
        """Whether samples of the upper back come."""
        pair = self._pelvis.pair
        return pair is not None and pair.present

    def push(self, samples: Samples, role: str = Role.PELVIS) -> list[Event]:
        """Analyse the next samples.

        Parameters
        ----------
        samples : Samples
            Any number of them, later than those before of the same clip.
        role : {"pelvis", "trunk"}
            Which clip they are of. The times of both are on one clock.

        Returns
        -------
        list of Event
            What they bring, in order of time.

        Raises
        ------
        SamplesError
            They do not follow the last ones of that clip, or there is no such role.
        """
        if role not in set(Role):
            raise SamplesError(f"{role!r} is no role of a clip: use {' or '.join(Role)}.")
        role = Role(role)
        pelvis = self._pelvis
        if pelvis.pair is None and role == Role.TRUNK:
            pelvis.pair = Pair(self.params, None, self._keep_samples, pelvis.mounting)
        if pelvis.pair is None:
            pelvis.push(samples)
        else:
            self._push_pieces(pelvis.pair, pelvis.pair.push(role, samples))
        return self._results.take_events()

    def _push_pieces(self, pair: Pair, pieces: Iterable[tuple[Role, Samples]]) -> None:
        """Analyse pieces of two clips, which follow each other in time."""
        pelvis = self._pelvis
        for role, piece in pieces:
            if role == Role.TRUNK:
                self._results.publish(pair.take(piece, pelvis.pace.speed_m_s))
            else:
                pelvis.push(piece)
                self._results.publish(pair.watch(pelvis.intake.last_s, pelvis.moving == Moving.RUNNING))

    def spill_to(self, open_file: OpenFile) -> None:
        """Keep the contacts and strides beyond the first hours in files, opened when needed, so that memory stays flat.

        open_file: opens an empty file to write and read, such as tempfile.TemporaryFile.
        """
        self._results.spill_to(open_file)

    def trust_signs(self, shown: bool) -> None:
        """Whether gyro and acceleration are known to agree; of the clip they are, of a foreign recording perhaps."""
        self._pelvis.judge.signs_shown = shown

    def command(self, command: SessionCommand) -> None:
        """Let a command take effect behind the sample at command.time_s, or before the next one if that has passed."""
        self._pelvis.commands.add(command)

    def warn(self, text: str) -> None:
        """Add a warning about the recording as a whole; given once, at the last sample so far."""
        self._results.emit(Warned(self._pelvis.intake.last_s, text))

    def finish(self) -> list[Event]:
        """End of the recording: findings that are still on end now."""
        pair = self._pelvis.pair
        if pair is not None:
            self._push_pieces(pair, pair.rest())
        self._pelvis.finish()
        return self._results.take_events()

    def run(self) -> Run:
        """All results so far; traces cover the kept samples."""
        h, pelvis = self.history, self._pelvis
        quat = h.column("quat", h.base, h.end).copy()
        time_s = h.time(h.base, h.end).copy()
        fields = self._results.fields()
        tilt, obliquity, rotation = angle_traces(time_s, quat, pelvis.mounts, fields["strides"])
        return Run(
            time_s=time_s,
            quat=quat,
            tilt_deg=tilt,
            obliquity_deg=obliquity,
            rotation_deg=rotation,
            calibration=self.calibration,
            baseline=self.baseline,
            chance_s=pelvis.judge.chance_s,
            sides=str(pelvis.judge.sides),
            chip_error_deg=pelvis.intake.chip_error_deg,
            trunk=None if pelvis.pair is None else pelvis.pair.clip.traces(fields["strides"]),
            **fields,
        )
