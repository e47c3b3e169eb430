"""Analyse a whole recording: whether it can be, then one pass through a pipeline."""

from __future__ import annotations

from collections.abc import Iterable

from untuck.errors import CalibrationError, SamplesError
from untuck.model import Baseline, Calibration
from untuck.motion.bunches import without_bunches
from untuck.motion.intake import range_problem, rate_problem
from untuck.motion.mount.signs import agreement, gravity_problem, gyro_problem, mirror_warning
from untuck.motion.params import Params
from untuck.motion.pipeline import Pipeline
from untuck.motion.trunk.recording import prepare_trunk
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.session_commands import SessionCommand
from untuck.vocabulary import Role


def analyse(
    samples: Samples,
    calibration: Calibration | None = None,
    baseline: Baseline | None = None,
    params: Params | None = None,
    commands: Iterable[SessionCommand] = (),
    *,
    trunk: Samples | None = None,
    trunk_calibration: Calibration | None = None,
) -> Run:
    """Analyse a recording: orientation, foot contacts, strides, findings and cues.

    Parameters
    ----------
    samples : Samples
        In the sensor frame, at 50 to 1000 Hz; gaps are allowed.
    calibration : Calibration, optional
        How the sensor sits on the pelvis. None finds it in the recording (5 s of standing still, three hip hinges);
        where there is none, the nominal mount is taken, with a warning.
    baseline : Baseline, optional
        The runner's own good form. None takes it from the first 60 clean strides after calibration.
    params : Params, optional
        Thresholds; None takes the defaults.
    commands : iterable of session commands
        What was asked for during a session, such as laps and thresholds; `load` reads those of a stored one.
    trunk : Samples, optional
        Of a second clip between the shoulder blades, at any rate of 50 to 1000 Hz and in any position that its hinges
        show: it measures the lean of the trunk, and tells a pelvis that tips with the trunk from an arched or bent
        spine. On the clock of the first; up to two minutes of difference are found in running and taken out, with a
        warning.
    trunk_calibration : Calibration, optional
        How that clip sits. None finds it in the same standing and hinges.

    Returns
    -------
    Run
        Angles per sample, contacts, strides, findings and cues. The same recording gives the same bits, streamed
        through a `Pipeline` as well.

    Raises
    ------
    SamplesError
        The recording is empty, its rate is outside 50 to 1000 Hz, gravity was removed from it, or gyro and
        acceleration contradict each other; of the trunk's as well, but an empty one only gives a warning.
    CalibrationError
        It is too short to hold 5 s of standing, and no calibration is given.

    Notes
    -----
    docs/algorithms.md describes every stage, and docs/accuracy.md how well it does. Pelvic angles follow the order
    rotation, obliquity, tilt [1]_. The thresholds were fitted on the seven development runners named there. The cues
    are form cues, not medical advice.

    References
    ----------
    .. [1] R. Baker, "Pelvic angles: a mathematically rigorous definition which is consistent with a conventional
       clinical understanding of the terms", Gait & Posture 13, 1-6, 2001. doi:10.1016/S0966-6362(00)00083-7

    Examples
    --------
    >>> import untuck
    >>> run = untuck.analyse(untuck.example())
    >>> for finding in run.findings:
    ...     print(finding.fault, finding.side, f"{finding.start_s:.0f}-{finding.end_s:.0f} s")
    tuck 0 71-95 s
    pullback 1 106-133 s
    """
    for given in (samples, trunk):
        if given is not None and not isinstance(given, Samples):
            raise TypeError(f"Samples are needed, not {type(given).__name__}: untuck.load reads them from a file.")
    params = params or Params()
    samples, bunched, signs_shown = _usable(samples, params, calibration)
    pipeline = Pipeline(
        calibration, baseline, params, True, trunk=trunk is not None, trunk_calibration=trunk_calibration
    )
    for command in commands:
        pipeline.command(command)
    pipeline.trust_signs(signs_shown)
    warnings: list[str] = []
    if trunk is not None:
        trunk, warnings = prepare_trunk(samples, trunk)
        pipeline.push(trunk, Role.TRUNK)
    pipeline.push(samples)
    for warning in (*warnings, bunched, range_problem(samples), mirror_warning(pipeline.calibration)):
        if warning:
            pipeline.warn(warning)
    pipeline.finish()
    return pipeline.run()


def _usable(samples: Samples, params: Params, calibration: Calibration | None) -> tuple[Samples, str, bool]:
    """The samples with even stamps, a warning about those, and whether gyro and acceleration are seen to agree.

    Raises SamplesError or CalibrationError if they cannot be analysed.
    """
    if len(samples) == 0:
        raise SamplesError("The recording is empty: nothing to analyse.")
    samples, bunched = without_bunches(samples)
    if problem := rate_problem(samples.time_s) or gravity_problem(samples):
        raise SamplesError(problem)
    signs = agreement(samples)
    if problem := gyro_problem(signs):
        raise SamplesError(problem)
    length_s = float(samples.time_s[-1] - samples.time_s[0])
    if calibration is None and length_s < params.stand_s:
        raise CalibrationError(
            f"The recording lasts {length_s:.1f} s, too short to calibrate: stand still for {params.stand_s:.0f} s, "
            "hinge three times, then run."
        )
    return samples, bunched, signs.shown
