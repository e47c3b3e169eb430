"""`untuck flash`: puts MicroPython and the clip's program on a board over USB, then tests it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from untuck.cli import output
from untuck.cli.options import as_json
from untuck.cli.results import Check, FlashResult
from untuck.errors import FlashError
from untuck.flash.boards import BOARDS, BUSES, SENSORS
from untuck.report.numbers import counted

if TYPE_CHECKING:
    from untuck.flash.flashing import Plan
    from untuck.flash.install import Copying
    from untuck.flash.ports import Port
    from untuck.flash.self_test import SelfTest

_STORED = {"bonds": "pairings", "settings": "settings"}
_BYTES_PER_S = 5000  # of the program, on a board
_NEXT = "Next: `untuck doctor --clip`, with the clip's light blinking fast; if it does not, hold its button for 3 s."


@click.command()
@click.option("--port", metavar="PORT", help="Such as /dev/ttyACM0 or COM4; by default the only board.")
@click.option("--board", type=click.Choice(sorted(BOARDS)), help="By default as the chip says.")
@click.option("--sensor", type=click.Choice(sorted(SENSORS)), help="By default as on the board, or bno085.")
@click.option("--bus", type=click.Choice(BUSES), help="How the sensor is wired; by default as on the board, or spi.")
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An image of MicroPython; by default one is downloaded where the board's is too old.",
)
@click.option("--erase", is_flag=True, help="Erase the whole board first: pairings, settings and runs too.")
@click.option("--check", is_flag=True, help="Only test the board; change nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def flash(
    port: str | None,
    board: str | None,
    sensor: str | None,
    bus: str | None,
    image: Path | None,
    erase: bool,
    check: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put MicroPython and the clip's program on a board over USB, then test it.

    The command says what it will do and asks. It can be interrupted and repeated: what the board has already is not
    written again. Pairings, settings and recorded runs stay on the board.

    Exit code 1 if the board could not be written, or if a part that the clip needs fails its test.
    """
    from untuck.flash import flashing
    from untuck.flash.found import Request, look
    from untuck.flash.ports import find_port
    from untuck.store.board_files import BoardFiles

    if check:
        if image or erase or dry_run or board or sensor or bus:
            raise click.UsageError("--check goes with --port and --json alone.")
        _test(find_port(port), None, None, as_json)
        return
    request = Request(port=port, board=board, sensor=sensor, bus=bus, image=image, erase=erase)
    found = look(request, output.note)
    plan = flashing.make_plan(request, found, output.note)
    _say(plan, as_json)
    if dry_run:
        flashing.let_run(found)
        if as_json:
            output.print_json("flash", _result(found.port, plan, None, None))
        return
    if not yes and not _agreed(as_json):
        flashing.let_run(found)
        raise FlashError("nothing was changed.")
    copying = flashing.carry_out(plan, BoardFiles(), output.note)
    stopped = flashing.watch_start(found.port)
    if stopped:
        output.note(f"the clip's program stopped: {stopped}")
    _test(flashing.reconnect(found.port), plan, copying, as_json)


def _agreed(as_json: bool) -> bool:
    if not sys.stdin.isatty():
        raise FlashError("there is nobody to ask: give --yes to continue, or --dry-run to see the plan.")
    return click.confirm("Continue?", err=as_json)


def _say(plan: Plan, as_json: bool) -> None:
    """Print what is on the board and what will be done."""
    found = plan.found
    out = output.note if as_json else output.echo
    runs_now = found.version or "no MicroPython"
    out(f"{found.board.title} on {found.port.name}: chip {found.chip}, {runs_now}")
    steps = []
    if plan.image is not None:
        size = f"{len(plan.image.data) / 1e6:.1f} MB"
        erase = "erase the board, then " if plan.erases else ""
        steps.append(f"{erase}write MicroPython {plan.image.version} ({plan.image.name}, {size}): about a minute")
    if plan.copying is None:
        steps.append("copy the clip's program: about 30 s")
    elif not plan.copying.done:
        files, kept = counted(len(plan.copying.write), "file"), plan.copying.kept
        seconds = 5 + plan.copying.bytes // _BYTES_PER_S
        steps.append(f"copy {files} of the clip's program, {kept} are there already: about {seconds} s")
    steps.append("restart and test the board" if len(steps) else "the program is up to date: only restart and test")
    for number, step in enumerate(steps, start=1):
        out(f"  {number}. {step}")
    out(_kept(plan))


def _kept(plan: Plan) -> str:
    found = plan.found
    stored = [word for name, word in _STORED.items() if name in found.hashes]
    if found.runs:
        stored.append(counted(found.runs, "recorded run"))
    if plan.discards or (plan.erases and not stored):
        return f"  lost: {', '.join(stored) or 'all that is on the board'}"
    return f"  kept: {', '.join(stored) or 'all other files on the board'}"


def _test(port: Port, plan: Plan | None, copying: Copying | None, as_json: bool) -> None:
    """Run the self-test and print it. Raises FlashError if a part that the clip needs failed."""
    from untuck.flash import flashing
    from untuck.flash.self_test import judge

    measured = flashing.check(port, output.note)
    parts = judge(measured)
    if as_json:
        output.print_json("flash", _result(port, plan, copying, measured))
    else:
        for part in parts:
            mark = "ok" if part.ok else "FAILED" if part.needed else "check"
            output.echo(f"{part.name:<8} {mark:<7} {part.text}")
    failed = [part.name for part in parts if part.needed and not part.ok]
    if not failed and not as_json and plan is not None:
        output.echo(_NEXT)
    if failed:
        raise FlashError(f"not yet a clip: {', '.join(failed)}. `untuck flash --check` tests again.")


def _result(port: Port, plan: Plan | None, copying: Copying | None, measured: SelfTest | None) -> FlashResult:
    from untuck.flash.self_test import judge

    copying = copying or (plan.copying if plan else None)
    checks = tuple(Check(part.name, part.ok, part.needed, part.text) for part in (judge(measured) if measured else ()))
    return FlashResult(
        port=port.name,
        board=plan.found.board.name if plan else measured.board if measured else None,
        image=plan.image.name if plan and plan.image else None,
        written=copying.write if copying else (),
        removed=copying.remove if copying else (),
        kept=copying.kept if copying else 0,
        dry_run=plan is not None and measured is None,
        measured=measured,
        checks=checks,
    )
