"""`python -m hardware.case`: build the parts, check them, write STEP, STL and pictures."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from hardware.case.params import Params

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 if a check fails: nothing is then written but the list of findings."""
    parser = argparse.ArgumentParser(prog="python -m hardware.case", description=__doc__.partition(": ")[2])
    parser.add_argument(
        "--out", type=Path, default=CHECKOUT / "build" / "hardware" / "case", help="folder for the files"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter, e.g. cell_y_mm=40"
    )
    parser.add_argument("--check", action="store_true", help="only check, write nothing")
    parser.add_argument("--no-pictures", action="store_true", help="STEP and STL only")
    parser.add_argument(
        "--commit", action="store_true", help="also renew the pictures, STL and figures of hardware/case"
    )
    options = parser.parse_args(arguments)
    try:
        from hardware.case.report import changed

        return _run(changed(options.set), options)
    except ValueError as error:
        print(error, file=sys.stderr)
    except ModuleNotFoundError as missing:
        print(f"{missing.name} is not installed. Run `make hardware`, which installs it.", file=sys.stderr)
    return 2


def _run(params: Params, options: argparse.Namespace) -> int:
    from hardware.case.checks import all_checks, masses_g
    from hardware.case.model import Model
    from hardware.case.report import as_json, figures

    started = time.monotonic()
    model = Model(params)
    findings = all_checks(model)
    failed = [finding for finding in findings if not finding.ok]
    for finding in findings if options.check else failed:
        print(finding)
    print(f"{len(findings)} checks, {len(failed)} failed ({time.monotonic() - started:.0f} s)")
    if failed:
        print("Nothing is written. Change the parameters: hardware/case/params.py.", file=sys.stderr)
        return 1
    if options.check:
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "report.json").write_text(as_json(params, masses_g(model), findings), "utf-8")
    write(model, options.out, pictures=not options.no_pictures)
    if options.commit:
        _renew(options.out, figures(params, masses_g(model), len(findings)))
    print(f"{options.out} holds STEP, STL and pictures ({time.monotonic() - started:.0f} s)")
    return 0


def write(model, folder: Path, pictures: bool = True) -> None:  # type: ignore[no-untyped-def]  # build123d is loaded late
    """STEP of each part and of the assembly, STL of each part as it lies on the printer, pictures."""
    from build123d import Compound, export_step

    from hardware.case.pictures import draw_all
    from hardware.case.stl import write_stl

    for old in [*folder.glob("*.st*"), *folder.glob("images/*.png")]:
        old.unlink()
    for name, solid in model.printable.items():
        export_step(solid, folder / f"{name}.step")
        write_stl(name, model.print_meshes[name].corners, folder / f"{name}.stl")
    bought = [piece for pieces in model.component_solids.values() for piece in pieces.values()]
    export_step(Compound(children=[*model.printed.values(), *bought]), folder / "assembly.step")
    if pictures:
        draw_all(model, folder / "images")


def _renew(out: Path, block: str) -> None:
    """The committed pictures, STL and the figures on the page."""
    from hardware.case.report import with_figures

    for pattern, folder in (("*.stl", HERE / "stl"), ("images/*.png", HERE / "images")):
        folder.mkdir(exist_ok=True)
        for path in sorted(out.glob(pattern)):
            shutil.copy(path, folder)
    page = HERE / "README.md"
    page.write_text(with_figures(page.read_text("utf-8"), block), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
