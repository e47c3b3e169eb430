"""`untuck config`: prints the settings in use, each with its meaning, and the file that they come from."""

from __future__ import annotations

import click

from untuck.cli import output
from untuck.cli.options import as_json, runner_option
from untuck.errors import SettingsError, reason


@click.command()
@runner_option
@click.option("--defaults", is_flag=True, help="Print the defaults; the settings file is not read.")
@click.option("--write", is_flag=True, help="Write the file with all defaults, if there is none.")
@as_json
def config(runner: str | None, defaults: bool, write: bool, as_json: bool) -> None:
    """Check the settings and print them in the format of the settings file.

    A table [runner.NAME.sound], [runner.NAME.cues] and so on holds the settings that differ for one runner.
    """
    from untuck.store import private
    from untuck.store.config import Config, to_toml
    from untuck.store.config_file import read_config
    from untuck.store.paths import config_path

    path = config_path()
    settings = Config() if defaults else read_config(runner)
    if write:
        if path.exists():
            raise SettingsError(f"{path} exists already: change it with an editor, or move it away first.")
        try:
            private.make_folder(path.parent)
            private.create(path)
            path.write_text(to_toml(settings), encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {reason(error)}.") from error
    if defaults:
        output.note("the defaults; the settings file is not read")
    else:
        output.note(f"settings in {path}" + ("" if path.exists() else ", which does not exist: all defaults"))
    if as_json:
        output.print_json("config", settings)
    else:
        output.echo(to_toml(settings), nl=False)
