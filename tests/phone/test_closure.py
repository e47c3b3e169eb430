"""What the page's worker imports: the same core as the computer, without what a browser does not have."""

from __future__ import annotations

import json
import sys

import pytest
from tests.phone.absent import IN_A_PAGE, run_without

from untuck.phone.site.closure import ENTRY, FIRST, NOT_ON_PAGE, THIRD_PARTY, file_of, page_modules

CORE = (  # what the page is built on, whatever its entry point imports at the moment
    "untuck.phone.app.review",
    "untuck.report.sentences",
    "untuck.report.summary",
    "untuck.session.connected_clip",
    "untuck.session.connection_watch",
    "untuck.session.form_state",
    "untuck.session.form_words",
    "untuck.session.guidance",
    "untuck.session.live_state",
    "untuck.session.outcome",
    "untuck.session.packet_loop",
    "untuck.session.packet_pipeline",
    "untuck.session.reanalysis",
    "untuck.session.request",
    "untuck.session.themes",
    "untuck.sound.mixer",
    "untuck.sound.phrases",
    "untuck.sound.tones",
    "untuck.sources.ble",
    "untuck.sources.ble_runs",
    "untuck.sources.ble_scan",
    "untuck.sources.clip_setup",
    "untuck.sources.clip_status",
    "untuck.sources.run_decoder",
    "untuck.store.archive_writing",
    "untuck.store.codec",
    "untuck.store.config",
    "untuck.store.profile",
    "untuck.store.profile_codes",
    "untuck.store.profile_file",
    "untuck.store.session",
    "untuck.store.streams",
)
PROGRAM = """
import json, sys, threading
from importlib import import_module
before = set(sys.modules)
for name in NAMES:
    import_module(name)
loaded = [name for name, module in sys.modules.items() if name not in before and module is not None]
print(json.dumps({"loaded": loaded, "threads": threading.active_count()}))
"""
OF_THE_CHECKOUT = {"micropython"}  # a stub that a test's package installs; wire.py does without


def loaded(names: tuple[str, ...]) -> tuple[set[str], int]:
    """Modules that importing these loads in a fresh interpreter without what a page lacks, and its threads."""
    found = json.loads(run_without(IN_A_PAGE, f"NAMES = {names!r}\n{PROGRAM}"))
    return set(found["loaded"]), found["threads"]


@pytest.mark.parametrize("entries", [(FIRST, ENTRY), CORE], ids=["page", "core"])
def test_the_page_loads_where_a_browser_runs_it(entries: tuple[str, ...]) -> None:
    names = page_modules(*entries)
    modules, threads = loaded(names)
    ours = {name for name in modules if name.split(".")[0] == "untuck"}
    assert ours == set(names), "closure.py lists what is loaded, and nothing else is"
    others = {name.split(".")[0] for name in modules - ours} - set(sys.stdlib_module_names) - OF_THE_CHECKOUT
    assert others <= THIRD_PARTY, f"the page has no {sorted(others - THIRD_PARTY)}"
    assert threads == 1


def test_what_is_absent_is_seen() -> None:
    with pytest.raises(AssertionError, match="sqlite3"):
        loaded(("untuck.store.sessions",))


def test_each_exception_is_a_module() -> None:
    for name in NOT_ON_PAGE:
        assert file_of(name).is_file()


def test_what_only_type_checkers_import_stays_out() -> None:
    modules = page_modules(*CORE)
    assert "untuck.model" in modules and "untuck.recordings" not in modules  # both of untuck/__init__.py


def test_the_core_is_a_small_download() -> None:
    bytes_ = sum(file_of(name).stat().st_size for name in page_modules(*CORE))
    assert bytes_ < 900_000, "a third of it when packed: what has come in that a runner does not need?"
