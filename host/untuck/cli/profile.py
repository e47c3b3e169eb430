"""`untuck profile`: takes a runner's calibration and baseline to a phone or another computer, and back."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from untuck.cli import output
from untuck.cli.group import PlainGroup
from untuck.cli.options import runner_option
from untuck.cli.usage import RunnerName
from untuck.errors import StoreError, reason
from untuck.outside_text import as_file_name

if TYPE_CHECKING:
    from untuck.store.profile import Profile

PICTURES = (".svg", ".png")
# Characters of a code, and the columns of a terminal that show it: two modules of a column are a line
SIZES = ((1600, 133), (1000, 109), (440, 77))
_LINES_LEFT = 2  # of the terminal, for the caption


@click.group(cls=PlainGroup)
def profile() -> None:
    """Take a runner's calibration and baseline to a phone or another computer, and back."""


@profile.command("export")
@runner_option
@click.option("--qr", is_flag=True, help="As QR codes for the phone, in the terminal or in FILE.svg or .png.")
@click.argument("path", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
def export_one(runner: str | None, qr: bool, path: Path | None) -> None:
    """Write a runner's calibration and baseline to a file, or show them as QR codes for the phone.

    Without FILE, and without --qr, the file is profile-NAME.json. The phone reads QR codes in any order.
    """
    from untuck.store.config_file import read_config
    from untuck.store.profile_codes import to_codes
    from untuck.store.profile_file import to_text
    from untuck.store.profiles import Profiles

    found = Profiles().open(read_config(runner).name)
    whose = found.runner or "you"
    if found.calibration is None and found.baseline is None:
        raise StoreError(f"nothing is saved for {whose} yet: `untuck calibrate` and `untuck run` do it.")
    text = to_text(found)
    if not qr:
        path = path or Path(f"profile-{as_file_name(found.runner)}.json" if found.runner else "profile.json")
        _write(path, text)
        output.note(f"wrote {path}")
    elif path is None:
        _show(to_codes(text, _characters()))
    else:
        _draw(to_codes(text, SIZES[0][0]), path)


@profile.command("import")
@click.option("--runner", type=RunnerName(), metavar="NAME", help="The runner; by default the one that the file names.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
def import_one(runner: str | None, path: Path) -> None:
    """Use the calibration and baseline in a file that `untuck profile export` or the phone wrote.

    They become those of the runner whom the file names, or of --runner; earlier ones stay in the data folder.
    """
    from untuck import limits
    from untuck.store.profile_file import from_text
    from untuck.store.profiles import Profiles

    try:
        theirs = from_text(limits.read_bytes(path, limits.MOST_PROFILE_BYTES))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}.") from error
    except limits.LimitError as error:
        raise StoreError(f"{path} {error}") from error
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from error
    new = Profiles().adopt(theirs, theirs.runner if runner is None else runner)
    output.note(_imported(theirs, new))


def _imported(theirs: Profile, new: tuple[str, ...]) -> str:
    if theirs.calibration is None and theirs.baseline is None:
        return "there is neither a calibration nor a baseline in it"
    return f"imported the {' and the '.join(new)}" if new else "nothing is new: both are in use already"


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read. Raises StoreError."""
    from untuck.store import private

    try:
        private.create(path)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {reason(error)}.") from error


def _characters() -> int:
    """How many characters a code may have to fit into the terminal; the fewest where it is none."""
    size = shutil.get_terminal_size((80, 0))
    fitting = (most for most, columns in SIZES if columns <= size.columns and columns / 2 + _LINES_LEFT <= size.lines)
    return next(fitting, SIZES[-1][0])


def _show(codes: tuple[str, ...]) -> None:
    """Print codes one after the other, each when Enter is pressed where somebody can press it."""
    for number, code in enumerate(codes, 1):
        drawn = io.StringIO()
        _code(code).terminal(drawn, border=4, compact=True)
        output.echo_light_on_dark(drawn.getvalue())
        output.note(f"QR code {number} of {len(codes)}: on the phone open Untuck, Settings, Photograph QR codes")
        if number < len(codes):
            click.pause("Press a key for the next one.", err=True)


def _draw(codes: tuple[str, ...], path: Path) -> None:
    """Write each code as a picture, FILE-1.svg and so on where there are several. Raises StoreError."""
    from untuck.store import private

    if path.suffix.lower() not in PICTURES:
        raise StoreError(f"{path.name}: a QR code is written as {' or '.join(f'FILE{each}' for each in PICTURES)}.")
    for number, code in enumerate(codes, 1):
        one = path if len(codes) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            private.create(one)
            _code(code).save(str(one), scale=8, border=4, light="white", kind=path.suffix[1:].lower())
        except OSError as error:
            raise StoreError(f"{one} cannot be written: {reason(error)}.") from error
        output.note(f"wrote {one}, QR code {number} of {len(codes)}")


def _code(text: str) -> Any:
    """A QR code with the error correction M, which reads where 15 % of it are covered."""
    import segno

    return segno.make(text, error="m", micro=False, boost_error=False)
