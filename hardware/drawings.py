"""`python -m hardware.drawings`: wiring, schematic, axes and power table into build/hardware/.

With --docs it also writes what the pages show: docs/images/hardware-*.svg, hardware/power.csv, and the tables of
hardware/README.md. Wiring needs wireviz and Graphviz's `dot`, the schematic schemdraw; the rest needs nothing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from hardware import axes, power, readme, schematic, small_board
from hardware.pins import CHECKOUT, NAMES

WIRING = sorted(Path(__file__).with_name("wiring").glob("*.yml"))
IMAGES = CHECKOUT / "docs" / "images"
SHOWN = {  # picture of the pages -> what draws it
    "hardware-axes.svg": "axes",
    "hardware-schematic.svg": "schematic-xiao_esp32s3",
    "hardware-small-board.svg": "small-board",
    "hardware-xiao-bno08x-spi.svg": "xiao-bno08x-spi",
    "hardware-xiao-outputs.svg": "xiao-outputs",
    "hardware-devkit-bno08x-spi.svg": "devkit-bno08x-spi",
}
_TITLES = {"spi": "on SPI", "i2c": "on I2C", "outputs": "button, buzzer, motor and cell"}


def wiring(source: Path) -> str:
    """A wiring diagram as SVG.

    Raises
    ------
    ImportError
        wireviz is not installed.
    RuntimeError
        Graphviz is not installed.
    """
    from wireviz.wireviz import parse

    if shutil.which("dot") is None:
        raise RuntimeError("Graphviz is missing: install the system's package graphviz, which brings `dot`.")
    with tempfile.TemporaryDirectory() as folder:
        parse(source, output_formats=("svg",), output_dir=folder, output_name=source.stem)
        return _clean((Path(folder) / f"{source.stem}.svg").read_text("utf-8"), source.stem)


def _clean(svg: str, stem: str) -> str:
    """Without Graphviz's comments and version, with a name for readers without sight, width left to the page."""
    svg = re.sub(r"<!--.*?-->\n?|<!DOCTYPE.*?>\n?", "", svg, flags=re.DOTALL)
    board, _, rest = stem.partition("-")
    label = f"Wiring: {board} - {_TITLES.get(rest.rsplit('-', 1)[-1], rest)}"
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def drawings() -> dict[str, str]:
    """Every drawing as SVG, by name without suffix."""
    drawn = {"axes": axes.draw(), "small-board": small_board.draw()}
    drawn |= {f"schematic-{board}": schematic.draw(board) for board in NAMES}
    return drawn | {source.stem: wiring(source) for source in WIRING}


def main(arguments: list[str] | None = None) -> int:
    """Write everything; 2 if something that draws is not installed."""
    parser = argparse.ArgumentParser(prog="python -m hardware.drawings", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "hardware", help="folder of the artefacts")
    parser.add_argument("--docs", action="store_true", help="also write what the pages show")
    asked = parser.parse_args(arguments)
    try:
        drawn = drawings()
    except (ImportError, RuntimeError) as error:
        hint = " Run `make hardware`, which installs it." if isinstance(error, ImportError) else ""
        print(f"{error}{hint}", file=sys.stderr)
        return 2
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, svg in drawn.items():
        (asked.out / f"{name}.svg").write_text(svg, "utf-8")
    (asked.out / "power.csv").write_text(power.table_csv(), "utf-8")
    if asked.docs:
        for picture, name in SHOWN.items():
            (IMAGES / picture).write_text(drawn[name], "utf-8")
        power.CSV.write_text(power.table_csv(), "utf-8")
        readme.write()
    print(f"{len(drawn)} drawings and power.csv in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
