"""Where each component lies in the case, and the sizes that follow. Plain Python.

Two columns: the sensor board with the cell above it on the left, the XIAO with buzzer and motor on the right.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.case.params import SENSOR_BOARDS, Params, SensorBoard

ARM_ROOM_MM = 2.3  # along a wall with a snap arm: gap, arm, its deflection
CHANNEL_MM = 1.6  # between the columns: comb for the wires


@dataclass(frozen=True)
class Box:
    """A component's envelope: middle and size in mm; round: a cylinder along z."""

    x: float
    y: float
    z: float
    size: tuple[float, float, float]
    round: bool = False

    @property
    def top(self) -> float:
        return self.z + self.size[2] / 2

    def edge(self, axis: int, sign: int) -> float:
        """The coordinate of its face on this side of the axis (0 x, 1 y, 2 z)."""
        return (self.x, self.y, self.z)[axis] + sign * self.size[axis] / 2


@dataclass(frozen=True)
class Layout:
    """inner, outer: the case's space and size along x, y; lid_z: height of the lid's inner face; comb_x: of the wires'
    comb; parts: the components by name; button: its x and y.
    """

    inner: tuple[float, float]
    outer: tuple[float, float]
    lid_z: float
    comb_x: float
    parts: dict[str, Box]
    button: tuple[float, float]


def _on(x: float, y: float, bottom: float, size: tuple[float, float, float], round_: bool = False) -> Box:
    return Box(x, y, bottom + size[2] / 2, size, round_)


def place(p: Params) -> Layout:
    """All positions from the parameters."""
    sensor = SENSOR_BOARDS[p.sensor]
    left = max(p.cell_x_mm, sensor.x_mm) + 2 * p.fit_mm
    right = max(p.motor_d_mm + p.buzzer_d_mm + 3 * p.fit_mm, p.board_x_mm + 2.0)
    inner_x = ARM_ROOM_MM + left + CHANNEL_MM + right
    inner_y = max(p.cell_y_mm + 1.5, sensor.y_mm + p.driver_mm[1] + 7.7, p.board_y_mm + p.buzzer_d_mm + 7.0)
    bottom = p.floor_mm + p.solder_mm
    cell_bottom = bottom + sensor.thick_mm + sensor.top_mm + p.cell_gap_mm
    cell_z = p.cell_z_mm * (1 + p.cell_swell)
    lid_z = cell_bottom + cell_z + p.foam_mm
    x0, y0 = -inner_x / 2, -inner_y / 2
    left_x = x0 + ARM_ROOM_MM + left / 2
    sensor_y = -y0 - 4.2 - sensor.y_mm / 2
    buzzer_x = inner_x / 2 - p.buzzer_d_mm / 2 - 2 * p.fit_mm
    motor_x = buzzer_x - (p.buzzer_d_mm + p.motor_d_mm) / 2 - p.fit_mm
    low_y = y0 + ARM_ROOM_MM + p.buzzer_d_mm / 2 + p.fit_mm
    board_x = inner_x / 2 - p.fit_mm - p.board_x_mm / 2
    board_y = low_y + p.buzzer_d_mm / 2 + 1.8 + p.board_y_mm / 2
    button = (motor_x, low_y + 3.5)
    stem_z = lid_z - 0.1
    parts = {
        "sensor": _on(left_x, sensor_y, bottom, (sensor.x_mm, sensor.y_mm, sensor.thick_mm + sensor.top_mm)),
        "cell": _on(left_x, y0 + 0.6 + p.cell_y_mm / 2, cell_bottom, (p.cell_x_mm, p.cell_y_mm, cell_z)),
        "board": _on(board_x, board_y, bottom, (p.board_x_mm, p.board_y_mm, p.board_thick_mm + p.board_top_mm)),
        "buzzer": _on(buzzer_x, low_y, p.floor_mm, (p.buzzer_d_mm, p.buzzer_d_mm, p.buzzer_z_mm), True),
        "motor": _on(motor_x, low_y - 0.6, p.floor_mm, (p.motor_d_mm, p.motor_d_mm, p.motor_z_mm), True),
        "switch": _on(*button, stem_z - p.switch_mm[2], p.switch_mm),
        "driver": _on(left_x, y0 + 2.5 + p.driver_mm[1] / 2, p.floor_mm + 0.2, p.driver_mm),
    }
    return Layout(
        inner=(inner_x, inner_y),
        outer=(inner_x + 2 * p.wall_mm, inner_y + 2 * p.wall_mm),
        lid_z=lid_z,
        comb_x=left_x + left / 2 + CHANNEL_MM / 2,
        parts=parts,
        button=button,
    )


def sensor_board(p: Params) -> SensorBoard:
    """The chosen breakout."""
    return SENSOR_BOARDS[p.sensor]


def cap_size(p: Params, layout: Layout) -> tuple[float, float]:
    """The lid's outline: it overlaps the walls on all sides."""
    more = 2 * (p.lid_fit_mm + p.skirt_thick_mm)
    return (layout.outer[0] + more, layout.outer[1] + more)
