"""The power budget adds up, its file is that of today, and every page quotes its hours."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hardware.breakouts import ADAFRUIT

from hardware import power

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted({*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "hardware").rglob("*.md")})
QUOTE = re.compile(r"(\d+(?:\.\d+)?(?: to \d+(?:\.\d+)?)? h) with a host at (\d+) mAh")


def test_the_file_is_that_of_today() -> None:
    assert power.CSV.read_text("utf-8") == power.table_csv(), "run `python -m hardware.drawings --docs`"


def test_the_rows_of_the_file_add_up_to_its_sums_and_hours() -> None:
    with power.CSV.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for build, state in {(row["build"], row["state"]) for row in rows}:
        ours = {row["consumer"]: row for row in rows if (row["build"], row["state"]) == (build, state)}
        total = ours.pop("sum")
        hours = ours.pop(f"hours with {power.CELL_MAH} mAh", None)
        for bound in ("low_ma", "high_ma"):
            assert sum(float(row[bound]) for row in ours.values()) == pytest.approx(float(total[bound]), rel=0.01)
        assert all(row["source"] for row in ours.values())
        assert (hours is None) == build.startswith("ESP32 devkit")
        if hours:
            assert float(hours["low_ma"]) * float(total["high_ma"]) == pytest.approx(power.CELL_MAH * 0.8, rel=0.01)
            assert float(hours["high_ma"]) * float(total["low_ma"]) == pytest.approx(power.CELL_MAH * 0.8, rel=0.01)


def test_low_is_never_above_high_and_more_current_is_less_time() -> None:
    for build in power.BUILDS:
        assert all(0 <= low <= high for each in build.consumers for low, high in each.ma)
        more = replace(build, consumers=(*build.consumers, power.RADIO_AWAKE))
        assert all(after < before for after, before in zip(more.hours(0), build.hours(0), strict=True))


def test_pull_downs_of_the_breakout_are_counted_on_spi() -> None:
    """Two resistors of 10 kOhm at 3.3 V: more than the BNO085 takes asleep."""
    assert ADAFRUIT.spi_pulls_ma == pytest.approx(2 * 3.3 / 10)
    assert power.WORN.sum_ma(2)[0] > 0.54 + ADAFRUIT.spi_pulls_ma


def test_every_page_quotes_the_hours_of_the_budget() -> None:
    quotes = [(page.name, *found.groups()) for page in PAGES for found in QUOTE.finditer(page.read_text("utf-8"))]
    assert any(name == "builder.md" for name, *_ in quotes)
    assert all(hours == power.worn_hours() and int(mah) == power.CELL_MAH for _, hours, mah in quotes), quotes


def test_the_words_of_the_page_agree_with_the_budget() -> None:
    text = (CHECKOUT / "hardware" / "README.md").read_text("utf-8")
    low, high = power.WORN.hours(0)
    assert "**Expect about three hours**" in text and round((low + high) / 2) == 3
    builds = {build.name: build for build in power.BUILDS}
    own = builds["XIAO ESP32S3, BNO085, own build with modem sleep"].hours(0)
    assert "about doubles the time" in text and 1.6 < sum(own) / (low + high) < 2.4
    assert "nearly half" in text and 0.4 < ADAFRUIT.spi_pulls_ma / power.WORN.sum_ma(2)[0] < 0.5


def test_no_page_says_a_time_of_its_own() -> None:
    """A number of hours beside a cell's capacity is either a quote or made by hardware.readme."""
    for page in PAGES:
        text = re.sub(r"<!-- made by .*?<!-- end -->", "", page.read_text("utf-8"), flags=re.DOTALL)
        for line in text.splitlines():
            if "mAh" in line and page.name != "CHANGELOG.md":
                assert not re.search(r"\d h\b", QUOTE.sub("", line)), f"{page.name}: {line}"
