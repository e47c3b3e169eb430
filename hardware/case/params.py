"""All dimensions of the case that can be chosen, with units, sources and limits.

Plain Python: nothing here needs build123d. Where things lie follows in `layout.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SensorBoard:
    """A breakout of the motion sensor: x to the runner's right, y up, parts towards the lid.

    holes_mm: mounting holes from the middle; top_mm: the tallest part above the board (JST SH connector 2.95 mm).
    """

    name: str
    x_mm: float
    y_mm: float
    holes_mm: tuple[tuple[float, float], ...]
    hole_mm: float
    thick_mm: float = 1.6
    top_mm: float = 3.0


def _corners(x: float, y: float) -> tuple[tuple[float, float], ...]:
    return ((-x, -y), (x, -y), (-x, y), (x, y))


SENSOR_BOARDS = {
    # outline and holes from the makers' board files: Adafruit_BNO08x.brd, SparkFun_VR_IMU_Breakout_BNO086_QWIIC.brd
    "adafruit_4754": SensorBoard("Adafruit 4754 (BNO085)", 25.4, 22.86, _corners(10.16, 8.89), 2.5),
    "sparkfun_22857": SensorBoard("SparkFun SEN-22857 (BNO086)", 30.48, 25.4, ((-12.7, 10.16), (12.7, 10.16)), 3.3),
}


@dataclass(frozen=True)
class Params:
    """Everything a maker may change. `--set name=value` on the command line; lengths in mm."""

    sensor: str = "adafruit_4754"

    # Seeed XIAO ESP32S3: 21 x 17.8 mm (Seeed's wiki); thickness and heights measured by others, with 0.2 mm to spare
    board_x_mm: float = 21.0
    board_y_mm: float = 17.8
    board_thick_mm: float = 1.2
    board_top_mm: float = 3.3
    usb_overhang_mm: float = 1.5
    usb_x_z_mm: tuple[float, float] = (9.0, 3.2)  # receptacle, width and height
    plug_x_z_mm: tuple[float, float] = (12.35, 6.5)  # largest overmould of a plug: USB Type-C specification, 3.2.2
    antenna_mm: tuple[float, float] = (42.0, 7.2)  # the adhesive antenna in the XIAO's bag, largest version

    # lithium polymer cell 502535, 400 mAh: its digits are thickness (0.1 mm), width, length; with its protection board
    cell_x_mm: float = 25.0
    cell_y_mm: float = 35.5
    cell_z_mm: float = 5.0
    cell_swell: float = 0.1  # share of the thickness that an ageing pouch gains

    buzzer_d_mm: float = 12.2  # TDK PS1240P02BT, 6.5 mm high; other passive ones are up to 8.5 mm
    buzzer_z_mm: float = 8.5
    motor_d_mm: float = 10.0  # Adafruit 1201, 2.7 mm high; others 3 mm
    motor_z_mm: float = 3.0
    switch_mm: tuple[float, float, float] = (6.0, 6.0, 4.3)  # tactile switch 6 x 6 x 4.3 with its stem
    driver_mm: tuple[float, float, float] = (22.0, 7.1, 4.0)  # perforated board of 8 x 3 holes with the small parts

    wall_mm: float = 2.0
    floor_mm: float = 2.0
    lid_mm: float = 2.0
    corner_mm: float = 4.0  # radius, outside
    solder_mm: float = 2.0  # below a board, for joints and wires
    fit_mm: float = 0.3  # between a part and what locates it, each side
    lid_fit_mm: float = 0.2  # between lid and wall
    foam_mm: float = 0.8  # above the cell
    cell_gap_mm: float = 0.6  # between sensor board and cell: insulating tape
    window_mm: float = 0.6  # thin wall before the light: three layers
    skirt_mm: float = 3.0  # how far the lid's edge overlaps the wall
    skirt_thick_mm: float = 1.2

    snap_length_mm: float = 8.6
    snap_thick_mm: float = 1.2
    snap_width_mm: float = 6.0
    snap_undercut_mm: float = 0.6
    snap_slope_deg: float = 45.0  # upper side of the hook, and of its pocket in the wall

    clip_width_mm: float = 64.0  # along the waistband
    clip_thick_mm: float = 2.0  # plate and bridge
    tongue_mm: float = 2.0
    clip_gap_mm: float = 0.7  # between the pads and the plate, empty
    clip_room_mm: float = 4.6  # between tongue and plate beside the pads
    pad_width_mm: float = 18.0  # each of the two pads, at the ends of the tongue
    pad_slope_deg: float = 45.0  # of their inner ends: the upper one is printed as an overhang
    belt_thick_mm: tuple[float, float] = (1.2, 4.0)  # waistband, thinnest and thickest
    belt_height_mm: float = 40.0  # the highest waistband
    flange_mm: float = 1.6  # of the base, held by the clip
    flange_slope_deg: float = 45.0
    clip_fit_mm: float = 0.15

    texts: bool = True  # arrows and words; False builds faster


@dataclass(frozen=True)
class Material:
    """Printed PETG. Sources: additive.tools/materials/petg (ranges of printed specimens), Covestro's snap-fit guide.

    strain_along / strain_across: permissible for repeated bending, along and across the layers. 40 % of the lowest
    elongation at break across the layers, 5 %; along them, at least 20 %, the same figure is used against creep.
    """

    density_g_cm3: float = 1.27
    modulus_mpa: float = 2000.0
    strain_along: float = 0.02
    strain_across: float = 0.02


@dataclass(frozen=True)
class Limits:
    """What the checks demand."""

    wall_mm: float = 0.8  # two lines of a 0.4 mm nozzle
    shell_mm: float = 1.2  # three lines: what keeps water out
    clearance_mm: float = 0.15  # between a component and a printed part, except where it stands on it
    moving_mm: float = 0.1  # between printed parts that move past each other
    overhang_deg: float = 46.0  # from the vertical
    bridge_mm: float = 15.0
    ledge_mm: float = 0.8  # an overhang this short holds itself
    outer_mm: tuple[float, float, float] = (66.0, 58.0, 30.0)  # clip on, without the pull tab of the plug
    mass_g: float = 70.0  # all parts with components
    clamp_n: tuple[float, float] = (2.0, 25.0)  # of the tongue, thinnest to thickest waistband
    twist_margin: float = 3.0  # clamping moment over the moment of a landing


@dataclass(frozen=True)
class Masses:
    """Of the components, in g: makers' figures, rounded up; wires and glue estimated."""

    parts: dict[str, float] = field(
        default_factory=lambda: {
            "board": 3.0,
            "sensor": 2.8,
            "cell": 8.5,
            "buzzer": 2.0,
            "motor": 1.2,
            "switch": 0.4,
            "driver": 1.5,
            "wires, glue, foam": 3.0,
        }
    )
