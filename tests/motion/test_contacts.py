"""Contacts, sides and strides of recorded runners compared with force plates, and the timing of a step.

Lower limits are slightly below the measured accuracy; the goals are contact SD 12 ms and duration RMSE 15 ms. The
constants are fitted on all of these runners and the real accelerometer, so that these tests detect regressions only;
`python -m bench.lib.fit_contacts` gives leave-one-out errors.
"""

from functools import cache

import numpy as np
import pytest
from bench.lib import fit_contacts
from bench.lib.alcantara import alcantara_samples
from bench.lib.contact_steps import treadmill_steps
from bench.lib.contact_weights_text import Fit, module_text
from bench.lib.fit_network import fit_network
from bench.lib.recordings import JUDGE
from bench.lib.scoring import ContactErrors, rms, score_contacts
from bench.lib.semisynthetic import make_run, trials_of
from scipy.spatial.transform import Rotation

import untuck
from conftest import data_dir
from untuck.model import GRAVITY_M_S2, LEFT, NOMINAL_MOUNT, RIGHT, Calibration, Floats
from untuck.motion.jit import callable_from_python
from untuck.motion.strides import contact_kernels as ck
from untuck.motion.strides import kernels as k
from untuck.motion.strides.contact_weights import LAGS, TIMING
from untuck.motion.strides.contacts import NETWORK
from untuck.run_results import Run
from untuck.simulate.imu import fill_gaps

pytestmark = pytest.mark.data

TRIALS = ("T25", "T35", "T45")
MATCH_S = 0.08
SLOPES = {"flat": 0.0, "up": 5.0, "steeply up": 10.0, "down": -5.0, "steeply down": -10.0}


@cache
def recorded(trial: str) -> dict[str, dict[str, np.ndarray]]:
    fields = np.load(data_dir("fukuchi", f"fukuchi_{trial}.npz"))
    people: dict[str, dict[str, np.ndarray]] = {}
    for key in fields:
        if "/" in key:
            person, name = key.split("/")
            people.setdefault(person, {})[name] = fields[key]
    return people


@cache
def analysed(trial: str, rate_hz: float) -> dict[str, Run]:
    runs = {}
    for number, (person, fields) in enumerate(recorded(trial).items()):
        quat, place = fill_gaps(fields["pelvis_quat"], fields["sacrum_pos_mm"] / 1000.0, fields["pelvis_gap"])[:2]
        samples, _ = untuck.virtual_imu(quat, place, 150.0, output_rate_hz=rate_hz, seed=number)
        runs[person] = untuck.analyse(samples)
    return runs


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
@pytest.mark.parametrize("trial", TRIALS)
def test_strides_sides_and_contacts_are_those_of_the_force_plates(trial: str, rate_hz: float) -> None:
    off_count, wrong_side, matched, lag_sd_ms, long_ms = 0, 0, 0, [], []
    for person, run in analysed(trial, rate_hz).items():
        fields = recorded(trial)[person]
        side = np.where(fields["side"] == 1, RIGHT, LEFT)
        right = int((side == RIGHT).sum())
        off_count = max(off_count, abs(len(run.strides) - (right - 1)))
        nearest = abs(fields["fs_t"][None, :] - run.contacts["time_s"][:, None]).argmin(axis=1)
        lag = run.contacts["time_s"] - fields["fs_t"][nearest]
        near = abs(lag) < MATCH_S
        matched += int(near.sum())
        wrong_side += int((side[nearest] != run.contacts["side"])[near].sum())
        lag_sd_ms.append(1e3 * lag[near].std())
        length = run.contacts["toe_off_s"] - run.contacts["time_s"]
        long_ms += list(1e3 * (length - (fields["to_t"] - fields["fs_t"])[nearest])[near])
    plate = sum(len(f["fs_t"]) for f in recorded(trial).values())
    assert off_count <= 1  # a contact cut by the recording's first or last sample
    assert wrong_side == 0
    assert matched >= 0.995 * plate
    assert np.median(lag_sd_ms) < 3.5
    assert rms(long_ms) < 12.5


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_strides_are_counted_as_by_the_force_plates(rate_hz: float) -> None:
    exact = 0
    for trial in TRIALS:
        for person, run in analysed(trial, rate_hz).items():
            exact += len(run.strides) == int((recorded(trial)[person]["side"] == 1).sum()) - 1
    assert exact >= 37  # of 39; the others lack or have one at the recording's very ends


@cache
def held_out_errors(rate_hz: float, controls: tuple[str, ...]) -> ContactErrors:
    """Errors of the JUDGE runners, three minutes each, with a badly worn clip."""
    data_dir("fukuchi", "fukuchi_T35.npz")
    errors = ContactErrors()
    for number, runner in enumerate(JUDGE):
        trials = trials_of(runner)
        trial = trials[number % len(trials)]
        samples, truth = make_run(runner, trial, 3.0, controls=controls, wearing="bad", seed=3, rate_hz=rate_hz)
        from_s, to_s = truth.running[0]
        errors.add(score_contacts(untuck.analyse(samples).contacts, truth.contacts, from_s + 4.0, to_s - 1.5))
    return errors


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_held_out_runners_with_a_bad_clip(rate_hz: float) -> None:
    errors = held_out_errors(rate_hz, ())
    assert errors.true > 2800
    assert errors.missed == errors.extra == 0
    assert errors.right_side == errors.sided == errors.true
    assert np.std(errors.contact_ms) < 7.0
    assert rms(errors.duration_ms) < 11.0


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_gaps_lose_few_contacts_and_change_no_side(rate_hz: float) -> None:
    errors = held_out_errors(rate_hz, ("gaps",))
    assert errors.missed <= 0.006 * errors.true
    assert errors.extra <= 1
    assert errors.right_side == errors.sided
    assert np.std(errors.contact_ms) < 8.0
    assert rms(errors.duration_ms) < 13.5


@pytest.mark.parametrize("slope", SLOPES)
def test_real_accelerometer_on_slopes(slope: str) -> None:
    with np.load(data_dir("alcantara", "alcantara.npz")) as file:
        rows = np.flatnonzero(file["slope_deg"] == SLOPES[slope])
    errors = ContactErrors()
    for row in rows:
        samples, contacts, start_s = alcantara_samples(int(row))
        run = untuck.analyse(samples, calibration=Calibration(NOMINAL_MOUNT, np.zeros(3), source="nominal"))
        to_s = float(samples.time_s[-1]) - 0.6
        errors.add(score_contacts(run.contacts, contacts, start_s + 1.0, to_s, sides=False))
    assert errors.true >= 20
    assert errors.missed == errors.extra == 0
    assert np.std(errors.contact_ms) < 4.5
    assert rms(errors.contact_ms) < 12.0
    assert rms(errors.duration_ms) < 11.0


def a_step() -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Samples of a second of running at 100 Hz, and a row for its last step: time, quat, earth, forward, row."""
    time_s = np.arange(115) / 100.0
    phase = 2 * np.pi * (time_s - 0.72) / 0.36
    vertical = np.maximum(-1.0, 2.4 * np.sin(phase))
    fore = -0.9 * np.exp(-(((time_s - 0.745) / 0.02) ** 2)) + 0.5 * np.sin(phase - 0.9)
    earth = np.stack([fore, 0.0 * fore, vertical], axis=1) * GRAVITY_M_S2
    quat = np.tile(Rotation.from_euler("z", 0.0).as_quat(scalar_first=True), (len(time_s), 1))
    row = np.zeros(k.STEP_COLUMNS)
    row[[k.STEP_UP_S, k.STEP_DOWN_S, k.STEP_PREV_UP_S, k.STEP_PEAK_G]] = 0.81, 1.0, 0.45, 1.3
    return time_s, quat, earth, np.array([1.0, 0.0, 0.0]), row


def timing(time_s: Floats, quat: Floats, earth: Floats, forward: Floats, row: Floats, lags: Floats = LAGS) -> Floats:
    out, signals, x = np.empty(2), np.empty((2, len(time_s))), np.ones(ck.FEATURES + 1)
    if fit_contacts.time_step(time_s, quat, earth, forward, row, lags, TIMING, signals, x, out):
        out += NETWORK.correction_s(x)
    return out


def hump(row: Floats) -> Floats:
    out = np.empty(2)
    ck.hump_edges(row, LAGS, out)
    return out


def test_timing_is_more_precise_than_the_hump_and_shifts_with_time() -> None:
    time_s, quat, earth, forward, row = a_step()
    found = timing(time_s, quat, earth, forward, row)
    assert (found != hump(row)).all()
    later = row.copy()
    later[[k.STEP_UP_S, k.STEP_DOWN_S, k.STEP_PREV_UP_S]] += 500.0
    assert timing(time_s + 500.0, quat, earth, forward, later) - 500.0 == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize("off_s", [-0.01, 0.01])
def test_timing_depends_little_on_the_first_guess(off_s: float) -> None:
    time_s, quat, earth, forward, row = a_step()
    found = timing(time_s, quat, earth, forward, row)
    lags = LAGS.copy()
    lags[:, 0] += off_s
    assert timing(time_s, quat, earth, forward, row, lags) == pytest.approx(found, abs=0.3 * abs(off_s))


@pytest.mark.parametrize("turn_deg", [30.0, 145.0, -100.0])
def test_timing_does_not_depend_on_heading(turn_deg: float) -> None:
    time_s, quat, earth, forward, row = a_step()
    turn = Rotation.from_euler("z", turn_deg, degrees=True)
    turned = (turn * Rotation.from_quat(quat, scalar_first=True)).as_quat(scalar_first=True)
    found = timing(time_s, turned, turn.apply(earth), forward, row)
    assert found == pytest.approx(timing(time_s, quat, earth, forward, row), abs=1e-9)


@pytest.mark.parametrize("lost", [slice(60, 66), slice(90, 97), slice(100, 115), slice(0, 75)])
def test_the_hump_is_used_where_samples_are_missing(lost: slice) -> None:
    time_s, quat, earth, forward, row = a_step()
    kept = np.ones(len(time_s), bool)
    kept[lost] = False
    assert (timing(time_s[kept], quat[kept], earth[kept], forward, row) == hump(row)).all()


def test_the_hump_is_used_where_there_is_no_step() -> None:
    time_s, quat, earth, forward, row = a_step()
    assert (timing(time_s, quat, 0.0 * earth + 30.0, forward, row) == hump(row)).all()


def test_bins_are_means_of_interpolated_samples_at_any_rate() -> None:
    bins = callable_from_python(ck.bin_means)
    out = np.empty(9)
    for dt in (0.005, 0.013, 0.02, 0.05):
        time_s = 3.0 + np.arange(40) * dt
        bins(time_s, 2.0 * time_s - 1.0, 3.01, ck.BIN_S, out)
        middle = 3.01 + ck.BIN_S * (np.arange(9) + 0.5)
        assert out == pytest.approx(2.0 * middle - 1.0, abs=1e-9)
    bins(time_s, np.full(40, 0.7), 2.0, 1.0, out)  # begins before the first sample and ends after the last
    assert out == pytest.approx(0.7)


def test_the_constants_are_as_the_fit_writes_them() -> None:
    made = Fit(LAGS, TIMING, NETWORK)
    assert module_text(made) == fit_contacts.TARGET.read_text()


def test_the_fit_finds_slopes_within_people_not_between_them() -> None:
    rng = np.random.default_rng(0)
    people = {}
    for person in range(8):
        x = np.c_[rng.normal(size=(400, 1)) + person, np.ones(400)]
        level = 0.3 * (3.5 - person)  # against the slope, as people differ
        y = 0.5 * x[:, :1] + level + rng.normal(0.0, 0.1, (400, 2))
        people[str(person)] = [fit_contacts._moments(x, y)]
    slope = fit_contacts.solve(people, np.zeros(2))[0]
    assert slope == pytest.approx([0.5, 0.5], abs=0.08)  # pooled, it would be 0.27


def test_the_network_finds_nonlinear_effects_within_people() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(8), 300)
    x = rng.normal(size=(len(person), 3))
    bend = np.stack([np.abs(x[:, 0]), x[:, 1] * x[:, 2]], axis=1)
    y_s = 0.005 * bend + 0.01 * (person[:, None] - 3.5) / 3.5
    network = fit_network(x, y_s, person, np.full(len(x), 1 / len(x)), 1.0)
    fresh = rng.normal(size=(400, 3))
    found = np.array([network.correction_s(np.append(row, 1.0)) for row in fresh])
    true = 0.005 * np.stack([np.abs(fresh[:, 0]), fresh[:, 1] * fresh[:, 2]], axis=1)
    for event in range(2):
        assert np.corrcoef(found[:, event], true[:, event])[0, 1] > 0.9


def test_corrections_of_the_network_are_limited() -> None:
    for scale in (1.0, 1e3, -1e6):
        assert np.abs(NETWORK.correction_s(np.full(ck.FEATURES + 1, scale))).max() <= 0.03


def test_the_fit_uses_the_same_steps_as_the_pipeline() -> None:
    data_dir("fukuchi", "fukuchi_T35.npz")
    unit = treadmill_steps("RBDS001", "T35", "good", 100.0, 0)
    assert len(unit.steps) > 70
    errors_ms = 1e3 * fit_contacts.errors([unit], Fit(LAGS, TIMING, NETWORK))[:, :, 1]
    assert np.abs(errors_ms.mean(axis=0)).max() < 12.0
    assert errors_ms.std(axis=0).max() < 5.0
