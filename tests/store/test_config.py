"""Settings: defaults, overrides for a runner, messages that name the line, and the effect on a run."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck.cli.main import cli
from untuck.errors import SettingsError
from untuck.motion.params import Params
from untuck.session.request import analysis_params, cue_share
from untuck.store.config import SECTIONS, Config, parse_config, to_toml
from untuck.store.config_file import read_config


def test_without_a_file_everything_has_its_default(own_home: Path) -> None:
    assert read_config() == Config()
    assert not own_home.exists()


def test_printed_settings_read_back_as_the_same() -> None:
    text = '[sound]\nvolume_pct = 35\ncues = "speech"\n[cues]\nfaults = ["tuck"]\ncooldown_s = 45\n'
    config = parse_config(text, None, "here")
    assert config.sound.volume_pct == 35 and config.cues.faults == ("tuck",) and config.cues.cooldown_s == 45.0
    assert parse_config(to_toml(config), None, "here") == config


def test_a_runner_can_override_settings() -> None:
    text = 'name = "Ada"\n[sound]\nvolume_pct = 60\near = "left"\n[runner.Ada.sound]\nvolume_pct = 90\n'
    ada = parse_config(text, None, "here")
    assert (ada.name, ada.sound.volume_pct, ada.sound.ear) == ("Ada", 90, "left")
    ben = parse_config(text, "Ben", "here")
    assert (ben.name, ben.sound.volume_pct, ben.sound.ear) == ("Ben", 60, "left")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sound]\n\nvolume_pct = 120", r"here, line 3: sound.volume_pct is 120, but must be from 0 to 100\."),
        ("[sound]\nvolume_pct = 12.5", r"line 2: sound.volume_pct must be a whole number\."),
        ('[sound]\nvolume_pct = "loud"', r"line 2: sound.volume_pct must be a whole number\."),
        ("[sound]\n# louder\nvolume = 3", r"line 3: sound.volume is unknown; \[sound\] has volume_pct, cues"),
        ('[sound]\ncues = "songs"', r"line 2: sound.cues must be one of tones, speech\."),
        ("[sound]\nrecovered = 1", r"line 2: sound.recovered must be true or false\."),
        ('[cues]\nfaults = ["tuck", "held"]', r"line 2: cues.faults must be a list of some of tuck, pullback, rigid\."),
        ("[clip]\nrate_hz = 99", r"line 2: clip.rate_hz must be one of 50, 100, 200\."),
        ("[clip]\naddress = 5", r"line 2: clip.address must be a text in quotes\."),
        ("[colours]\nred = 1", r"line 1: colours is not one of the tables sound, cues, form, clip\."),
        ("name = 5", r"line 1: name must be a name in quotes\."),
        (
            "[form]\ntuck_on_deg = 1.5",
            r"line 1: form.tuck_off_deg is 1\.9, but must be below tuck_on_deg, which is 1.5\.",
        ),
        (
            "[runner.Ada.sound]\nvolume_pct = -1",
            r"line 2: runner.Ada.sound.volume_pct is -1, but must be from 0 to 100\.",
        ),
        ("[runner]\nAda = 1", r"line 2: runner.Ada must be a table"),
        ('[runner."Ada B".sound]\near = "both"\n[runner."Ada B".cues]\ncap = 0', r"line 4: .*cap is 0"),
        ("[sound\nvolume_pct = 1", r"here is not valid TOML: .*line 1"),
        ('name = "a/b"', r"the runner's name 'a/b' is not valid"),
        ("[form]\ntuck_on_deg = nan", r"line 2: form.tuck_on_deg is nan"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_config(text, None, "here")


@settings(deadline=None)
@given(st.sampled_from([(s, f.name) for s, kind in SECTIONS.items() for f in dataclasses.fields(kind)]), st.data())
def test_any_value_is_accepted_or_rejected_with_a_message(setting: tuple[str, str], data: st.DataObject) -> None:
    section, key = setting
    value = data.draw(st.sampled_from(["1", "-1", "1e400", "true", '"x"', "[]", "[1]", "{}", "07:32:00", "inf"]))
    try:
        config = parse_config(f"[{section}]\n{key} = {value}\n", None, "here")
    except SettingsError as error:
        assert "here" in str(error) and key in str(error)
    else:
        assert dataclasses.is_dataclass(getattr(config, section))


def test_a_file_that_cannot_be_read_says_so(own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "untuck.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"untuck\.toml is not text in UTF-8"):
        read_config()


def test_the_command_prints_writes_once_and_checks(own_home: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(cli, ["config"]).stdout == to_toml(Config())
    assert runner.invoke(cli, ["config", "--write"]).exit_code == 0
    assert (own_home / "untuck.toml").read_text() == to_toml(Config())
    again = runner.invoke(cli, ["config", "--write"])
    assert again.exit_code == 1 and "exists already: change it with an editor" in again.stderr
    (own_home / "untuck.toml").write_text("[sound]\nvolume_pct = 101\n")
    wrong = runner.invoke(cli, ["config"])
    assert wrong.exit_code == 1 and "untuck.toml, line 2: sound.volume_pct is 101" in wrong.stderr


def test_settings_change_the_parameters_of_the_analysis() -> None:
    config = parse_config("[cues]\ncooldown_s = 45\ncap = 2\nsilent_end_pct = 10\n", None, "here")
    params = analysis_params(config, sessions=5, minutes=30.0)
    assert (params.cue_cooldown_s, params.cue_cap, params.cue_share) == (45.0, 2, pytest.approx(2 / 3))
    assert params.cue_silent_after_s == pytest.approx(27 * 60)
    assert analysis_params(config).cue_silent_after_s == math.inf
    off = parse_config("[cues]\nfading = false\n", None, "here")
    assert analysis_params(off, sessions=50).cue_share == 1.0
    assert dataclasses.replace(analysis_params(Config()), baseline_warmup_s=0.0) == Params()


def test_cues_fade_over_sessions() -> None:
    assert [round(cue_share(n), 2) for n in range(9)] == [1.0] * 4 + [0.67] * 2 + [0.33] * 3
