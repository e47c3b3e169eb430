"""The data dictionary: every column of every table that Untuck writes, with its unit and its meaning.

docs/data.md is generated from it. Tests compare both with files that the exports write.
"""

from __future__ import annotations

from dataclasses import dataclass

from untuck.vocabulary import FAULTS, Ending, NotJudged, NoTrunk

_NO_TRUNK = ", ".join(NoTrunk)
_REASONS = ", ".join(NotJudged)


@dataclass(frozen=True)
class Column:
    """One column: name, kind ("number", "whole", "text", "yes/no"), unit ("" for none) and meaning."""

    name: str
    kind: str
    unit: str
    meaning: str


def _column(line: str) -> Column:
    name, kind, unit, meaning = (part.strip() for part in line.split("|"))
    return Column(name, kind, unit, meaning)


def _columns(lines: str) -> tuple[Column, ...]:
    return tuple(_column(line) for line in lines.strip().splitlines())


STRIDES = _columns(f"""
start_s | number | s | sensor time of the right contact that begins the stride
duration_s | number | s | from right contact to right contact
cadence_spm | number | steps/min | 120 / duration
contact_left_ms | number | ms | left foot on the ground
contact_right_ms | number | ms | right foot on the ground
flight_ms | number | ms | mean of the two flights
balance_left_pct | number | % | left share of contact time
oscillation_mm | number | mm | vertical travel of the pelvis (not of the centre of mass)
peak_left_bw | number | body weights | largest vertical force of the left step, from acceleration and contact time
peak_right_bw | number | body weights | the same of the right step
peak_se_bw | number | body weights | standard error of both, for a runner of unknown build
braking_left_m_s | number | m/s | forward speed that the pelvis loses in the left contact
braking_right_m_s | number | m/s | the same in the right contact
braking_se_m_s | number | m/s | standard error of both, by how the clip is worn; not validated with fore-aft force
stiffness_left_bw_m | number | body weights/m | vertical stiffness: peak force over the drop of the body, left contact
stiffness_right_bw_m | number | body weights/m | the same in the right contact
stiffness_se_bw_m | number | body weights/m | standard error of both, for a runner of unknown build
tilt_deg | number | deg | stride mean of pelvic tilt above standing, forward positive
tilt_min_deg | number | deg | least tilt within the stride
tilt_max_deg | number | deg | greatest tilt within the stride
tilt_se_deg | number | deg | standard error of tilt_deg, estimated by the orientation filter
lean_deg | number | deg | trunk lean above standing, empty where a second clip missed it; with one clip pelvic lean
pelvic_lean_deg | number | deg | direction of the pelvis over eight strides; says nothing of the trunk
obliquity_range_deg | number | deg | range of obliquity within the stride
rotation_range_deg | number | deg | range of rotation within the stride
pullback_left_deg | number | deg | left pullback against baseline, mean of ten strides; empty without a baseline
pullback_right_deg | number | deg | right pullback, likewise
pullback_se_deg | number | deg | standard error of both pullbacks
tilt_usual_deg | number | deg | tilt that the baseline lets expect at this pace; empty where nothing is judged
tuck_least_deg | number | deg | smallest tuck that is found in nine of ten, if it lasts for 20 strides
pullback_least_deg | number | deg | the same of a pullback
travel_deg | number | deg | pelvis heading relative to the direction of travel; only its change is meaningful
turn_deg_s | number | deg/s | stride mean of the yaw rate, counter-clockwise seen from above
accel_m_s2 | number | m/s^2 | fore-aft acceleration, mean over the last few strides; positive: speeding up
missing_pct | number | % | samples missing in the stride
valid | yes/no | | whether the stride is clean
reason | text | | why it is not judged, empty if it is; may be given for valid strides too: {_REASONS}
trunk_lean_deg | number | deg | stride mean of the trunk's lean above standing; empty without a second clip
trunk_lean_se_deg | number | deg | standard error of trunk_lean_deg, as that of tilt
trunk_lean_usual_deg | number | deg | trunk lean that the baseline lets expect; empty where nothing is judged
trunk_lean_least_deg | number | deg | smallest loss of lean that is found in nine of ten, if it lasts for 20 strides
trunk_lean_range_deg | number | deg | range of the trunk's lean within the stride
trunk_obliquity_range_deg | number | deg | range of the trunk's obliquity within the stride
trunk_rotation_range_deg | number | deg | range of the trunk's rotation within the stride
lumbar_deg | number | deg | tilt_deg minus trunk_lean_deg: extension (arching) of the lumbar spine positive
lumbar_se_deg | number | deg | standard error of lumbar_deg
lumbar_usual_deg | number | deg | lumbar extension that the baseline lets expect; empty where nothing is judged
lumbar_least_deg | number | deg | smallest change of it, either way, that is found in nine of ten
side_bend_deg | number | deg | stride mean of the trunk's bend against the pelvis, to the right positive
trunk_reason | text | | why the trunk is not measured, empty if it is: {_NO_TRUNK}
""")

SAMPLES = _columns("""
time_s | number | s | sensor time
gyr_x_rad_s | number | rad/s | gyroscope, sensor frame: x to the right
gyr_y_rad_s | number | rad/s | gyroscope: y up
gyr_z_rad_s | number | rad/s | gyroscope: z backward
acc_x_m_s2 | number | m/s^2 | specific force, sensor frame: +9.81 upward at rest
acc_y_m_s2 | number | m/s^2 | specific force: y up
acc_z_m_s2 | number | m/s^2 | specific force: z backward
chip_w | number | | the sensor chip's own quaternion, sensor to earth; zeros where missing
chip_x | number | | its x
chip_y | number | | its y
chip_z | number | | its z
quat_w | number | | estimated orientation, sensor to earth (z up, heading free)
quat_x | number | | its x
quat_y | number | | its y
quat_z | number | | its z
tilt_deg | number | deg | pelvic tilt above standing, forward positive
obliquity_deg | number | deg | pelvic obliquity, right side up positive
rotation_deg | number | deg | pelvic rotation about its stride mean, right hip forward positive
""")

TRUNK = _columns("""
time_s | number | s | sensor time, on the clock of the pelvis's clip
quat_w | number | | estimated orientation of the second clip, sensor to earth (z up, heading free)
quat_x | number | | its x
quat_y | number | | its y
quat_z | number | | its z
lean_deg | number | deg | trunk lean above standing, forward positive
obliquity_deg | number | deg | obliquity of the trunk, right side up positive
rotation_deg | number | deg | rotation of the trunk about its stride mean, right shoulder forward positive
""")

FINDINGS = _columns(f"""
id | whole | | number of the finding in its session; cues refer to it
fault | text | | {", ".join(FAULTS)}
side | whole | | -1 left, +1 right, 0 both
start_s | number | s | sensor time of the first stride that led to the finding
end_s | number | s | sensor time of its end; empty if it lasted to the end
decided_s | number | s | sensor time of the decision
depth_deg | number | deg | largest deviation
ended | text | | {", ".join(filter(None, Ending))}; empty if it lasted to the end
trunk | yes/no | | whether a second clip has shown it: an arch is then one of the spine
""")

CUES = _columns("""
finding_id | whole | | the finding that caused it; 0 in sessions of older versions
fault | text | | fault of the cue
side | whole | | -1 left, +1 right, 0 both
time_s | number | s | sensor time of the decision
sounded | yes/no | | whether it sounded; if not, it was suppressed
reason | text | | why it was suppressed, empty if it sounded
depth_deg | number | deg | of the finding at the decision
correct_s | number | s | from the cue to the correction; empty if the finding ended otherwise
ended | text | | how the finding ended, as in findings
""")

STANDINGS = _columns("""
time_s | number | s | sensor time of the end of 5 s of standing still
difference_deg | number | deg | angle between the sensor's vertical and that of the calibration in use
tilt_deg | number | deg | pelvic tilt by the calibration in use
obliquity_deg | number | deg | pelvic obliquity by the calibration in use
zeroed | yes/no | | whether the zero was set to it
""")

TABLES = {
    "strides": STRIDES,
    "samples": SAMPLES,
    "trunk": TRUNK,
    "findings": FINDINGS,
    "cues": CUES,
    "standings": STANDINGS,
}


def as_markdown() -> str:
    """The columns of all tables, as in docs/data.md."""
    parts = []
    for name, columns in TABLES.items():
        rows = [f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |" for c in columns]
        parts.append("\n".join([f"### {name}", "", "| column | kind | unit | meaning |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
