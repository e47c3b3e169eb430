"""The circuit's calculations hold with the parts of the list, and fail with parts that are known not to work."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hardware.breakouts import BNO08X, BREAKOUTS, SPARKFUN, Breakout
from hardware.pins import SPI_SIGNALS
from hardware.schematic import PARTS

from hardware import electrical, parts, readme, small_board


@pytest.mark.parametrize("check", electrical.checks(), ids=lambda check: check.what)
def test_a_check_passes(check: electrical.Check) -> None:
    assert check.passes, check.row()


@pytest.mark.parametrize(
    "check",
    [
        electrical.buzzer(series_ohm=0, coil_ohm=50),  # a magnetic one without transistor
        electrical.buzzer(series_ohm=47),
        electrical.transistor(threshold_v=3.0),  # 2N7000
        electrical.bipolar(base_ohm=10e3),
        electrical.motor_off_at_reset(pull_ohm=1e6),
        electrical.motor_ma(rated_ma=150),
        electrical.divider(lower_ohm=470e3),
        electrical.lowest_supply(cell_ohm=0.8),  # a cell of 100 mAh
        electrical.lowest_supply(motor_ma=800),
        electrical.miso_level(clock_hz=20e6),
        electrical.i2c_rise(pull_ohm=10e3),
    ],
    ids=lambda check: f"{check.what}, {check.value:.3g}",
)
def test_a_check_fails_with_a_wrong_part(check: electrical.Check) -> None:
    assert not check.passes, check.row()


def test_the_level_at_the_ear_is_that_of_the_page() -> None:
    text = readme.README.read_text("utf-8")
    piezo, magnetic = (round(electrical.level_at_ear_db(level)) for level in (70, 80))
    assert f"about {piezo} dB from the piezo" in text and f"{magnetic} dB from a magnetic one" in text


def test_the_page_shows_the_tables_of_today() -> None:
    text = readme.README.read_text("utf-8")
    assert sorted(readme.names(text)) == sorted(readme.BLOCKS)
    assert text == readme.filled(text), "run `python -m hardware.drawings --docs`"


def test_an_empty_or_old_block_is_filled_and_nothing_else_changes() -> None:
    mark = "<!-- made by hardware.readme: i2c -->\n"
    page = f"before\n{mark}<!-- end -->\nbetween\n{mark}old\n<!-- end -->\nafter\n"
    filled = readme.filled(page)
    block = f"{mark}{readme.i2c_table()}\n<!-- end -->\n"
    assert filled == f"before\n{block}between\n{block}after\n"
    assert readme.filled(filled) == filled


@pytest.mark.parametrize("part", parts.parts(), ids=lambda part: f"{part.build}: {part.part}")
def test_a_part_can_be_bought(part: parts.Part) -> None:
    assert set(part.build.split(" or ")) <= set(parts.BUILDS)
    assert all((part.part, part.maker, part.number, part.quantity, part.price_source))
    assert re.fullmatch(r"under \d+|\d+ to \d+", part.price_usd)
    kinds = part.bought_from.split("; ")
    assert len(set(kinds)) == len(kinds) == 2


def test_the_values_of_the_schematic_are_in_the_list() -> None:
    listed = {ref: part for part in parts.parts() for ref in part.ref.split()}
    assert set(listed) == set(PARTS)
    for ref, value in PARTS.items():
        plain = value.replace("Ω", "Ohm")
        assert plain in f"{listed[ref].part} {listed[ref].number}", ref
    assert all(int(part.quantity) == len(part.ref.split()) for part in listed.values())


def test_the_small_board_joins_its_parts_as_the_circuit_does() -> None:
    nets = small_board.nets()
    joined = {part: tuple(nets[end] for end in ends) for part, ends in small_board.PARTS.items()}
    assert joined == small_board.CIRCUIT
    assert set(small_board.PARTS) == {*PARTS} - {"R2"}, "R2 is in the buzzer's wire"
    holes = [f"{row}{column}" for row in small_board.ROWS for column in small_board.COLUMNS]
    assert {end for ends in small_board.PARTS.values() for end in ends} | set(small_board.WIRES) <= set(holes)


def test_joints_of_the_small_board_are_between_neighbours() -> None:
    for joint in small_board.JOINTS:
        pads = joint.split()
        assert all(b == f"{a[0]}{int(a[1]) + 1}" for a, b in pairwise(pads)), joint


@pytest.mark.parametrize("joint", ["B3 B4", "B5 B6", "A5 A6 A7", "B2 C2"])
def test_a_wrong_joint_is_named(monkeypatch: pytest.MonkeyPatch, joint: str) -> None:
    ours = [set(each.split()) for each in small_board.JOINTS]
    wrong = set(joint.split())
    merged = wrong.union(*(each for each in ours if each & wrong))
    rest = [each for each in ours if not each & wrong]
    monkeypatch.setattr(small_board, "JOINTS", tuple(" ".join(sorted(each)) for each in (merged, *rest)))
    with pytest.raises(ValueError, match="are joined at"):
        small_board.nets()


@pytest.mark.parametrize("breakout", BREAKOUTS, ids=lambda each: each.key)
def test_a_breakout_has_the_pins_that_it_names(breakout: Breakout) -> None:
    printed = {*breakout.top, *breakout.bottom}
    assert {*breakout.spi.values(), *breakout.i2c.values()} <= printed
    assert len(set(breakout.spi.values())) == len(breakout.spi)


def test_bno08x_breakouts_have_a_pin_for_every_signal() -> None:
    for breakout in BNO08X:
        assert set(breakout.spi) == {"3V3", "GND", "PS1", *SPI_SIGNALS}


def test_an_address_that_differs_from_the_firmwares_is_pointed_out() -> None:
    assert SPARKFUN.address != 0x4A and "0x4B" in SPARKFUN.to_i2c
