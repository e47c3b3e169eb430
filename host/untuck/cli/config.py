"""`untuck config`: the settings as they are, each with its meaning, and the file that they come from.

Reading and checking is the store's; only printing them, and writing a first file, lives here.
"""

from __future__ import annotations

import dataclasses
import json

import click

from untuck.cli import output
from untuck.errors import SettingsError

runner_option = click.option("--runner", help="Whose profile and settings; by default the one that the settings name.")


@click.command()
@runner_option
@click.option("--write", is_flag=True, help="Write the file with all defaults, if there is none.")
@output.as_json
def config(runner: str | None, write: bool, as_json: bool) -> None:
    """Print the settings, checked, as the file could be written.

    A table [runner.NAME.sound], [runner.NAME.cues] and so on holds what one runner wants otherwise.
    """
    from untuck.store.config import read_config, to_toml
    from untuck.store.folder import config_path

    path = config_path()
    settings = read_config(runner)
    if write:
        if path.exists():
            raise SettingsError(f"{path} exists: change it with an editor, or move it away first.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_toml(settings), encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{path} cannot be written ({error.strerror}): check the folder.") from error
    output.note(f"settings in {path}" + ("" if path.exists() else ", which does not exist: all defaults"))
    click.echo(json.dumps(dataclasses.asdict(settings)) if as_json else to_toml(settings), nl=as_json)
