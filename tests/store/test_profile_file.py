"""A profile as a text and as QR codes: back to the bit, and nothing hostile gets through."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import untuck
from untuck import limits
from untuck.errors import StoreError
from untuck.model import Baseline
from untuck.motion.form.baseline import joined
from untuck.store import codec
from untuck.store.profile import Profile
from untuck.store.profile_codes import MOST_CHARACTERS, MOST_CODES, CodeReader, from_codes, to_codes
from untuck.store.profile_file import NAME, from_text, to_text
from untuck.store.profiles import Profiles


@pytest.fixture(scope="module")
def profile() -> Profile:
    run = untuck.analyse(untuck.example())
    return Profile("Ada", run.calibration, 1.8e9 + 0.1, run.baseline, 1.8e9 + 0.2, "AA:BB", 7, 31.5)


def same(one: Profile, other: Profile) -> bool:
    """Whether all that leaves a machine is the same to the bit."""
    return to_text(one) == to_text(other)


def test_a_profile_comes_back_to_the_bit(profile: Profile) -> None:
    back = from_text(to_text(profile))
    assert same(back, profile)
    assert back.baseline is not None and profile.baseline is not None
    assert back.baseline.rotation_deg.tobytes() == profile.baseline.rotation_deg.tobytes()
    assert (back.runner, back.sessions, back.baseline_unix_s) == ("Ada", 7, 1.8e9 + 0.2)


def test_what_belongs_to_a_machine_stays_there(profile: Profile) -> None:
    back = from_text(to_text(profile))
    assert (back.clip, back.audio_delay_ms) == ("", None)
    assert "AA:BB" not in to_text(profile)


def test_an_empty_profile_and_bytes_are_read_too() -> None:
    assert same(from_text(to_text(Profile("")).encode()), Profile(""))


def test_the_computer_uses_what_a_phone_wrote(profile: Profile) -> None:
    theirs = from_text(to_text(profile))
    assert Profiles().adopt(theirs, "Ada") == ("calibration", "baseline")
    ours = Profiles().open("Ada")
    assert same(replace(ours, sessions=7), profile)
    assert Profiles().adopt(theirs, "Ada") == ()  # nothing is stored twice
    assert Profiles().open("Ben").calibration is None


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Profile], str]:
    """A profile's text with one change."""

    def text(profile: Profile) -> str:
        plain = json.loads(to_text(profile))
        change(plain)
        return json.dumps(plain)

    return text


def mount(axes: list[list[float]]) -> Callable[[Profile], str]:
    """A profile's text with other axes."""
    return changed(lambda plain: plain["calibration"].update(sensor_to_pelvis=axes))


HOSTILE: dict[str, tuple[Callable[[Profile], str], str]] = {
    "no JSON": (lambda _: "hello", "no profile"),
    "nothing": (lambda _: "", "no profile"),
    "cut off": (lambda profile: to_text(profile)[:300], "damaged"),
    "a list": (lambda _: "[]", "no profile"),
    "nested": (lambda _: f'{{"format": "{NAME}", "nested": ' + "[" * 100_000, "nested too deeply"),
    "another file": (lambda _: '{"format": "other"}', "no profile"),
    "too large": (lambda _: " " * (limits.MOST_PROFILE_BYTES + 1), "larger than"),
    "of a newer version": (changed(lambda p: p.update(version=2)), "newer Untuck"),
    "version 0": (changed(lambda p: p.update(version=0)), "version 0"),
    "without a version": (changed(lambda p: p.pop("version")), "damaged"),
    "without a calibration": (changed(lambda p: p.pop("calibration")), "lacks 'calibration'"),
    "a runner's name with a line break": (changed(lambda p: p.update(runner="a\nb")), "name"),
    "a runner that is a number": (changed(lambda p: p.update(runner=1)), "not of type str"),
    "negative sessions": (changed(lambda p: p.update(sessions=-1)), "-1 sessions"),
    "made in the year 3000": (changed(lambda p: p.update(baseline_unix_s=3.3e10)), "2106"),
    "made at no time": (changed(lambda p: p.update(baseline_unix_s=float("nan"))), "damaged"),
    "a calibration that is a text": (changed(lambda p: p.update(calibration="x")), "damaged"),
    "axes that are no rotation": (mount([[1, 0, 0]] * 3), "rotation"),
    "mirrored axes": (mount([[1, 0, 0], [0, 1, 0], [0, 0, -1]]), "rotation"),
    "two axes": (mount([[1, 0, 0], [0, 1, 0]]), "shape"),
    "a bias beyond the sensor": (changed(lambda p: p["calibration"].update(gyr_bias_rad_s=[9.0, 0, 0])), "outside"),
    "no gain": (changed(lambda p: p["calibration"].update(acc_gain=0.0)), "acc_gain"),
    "an infinite gain": (changed(lambda p: p["calibration"].update(acc_gain="inf")), "acc_gain"),
    "another source": (changed(lambda p: p["calibration"].update(source="guess")), "source"),
    "a measure that is markup": (changed(lambda p: p["calibration"].update(quality={"<b>": 1.0})), "measure"),
    "a baseline of no pace": (changed(lambda p: p["baseline"].update(cadence_spm=[])), "0 paces"),
    "a baseline of a million paces": (changed(lambda p: p["baseline"].update(cadence_spm=[170.0] * 50_000)), "paces"),
    "a column too many": (changed(lambda p: p["baseline"].update(tilt_deg=[1.0, 2.0])), "shape"),
    "curves too short": (changed(lambda p: p["baseline"].update(rotation_deg=[[0.0] * 99])), "shape"),
    "curves of unequal length": (changed(lambda p: p["baseline"].update(rotation_deg=[[0.0], [0.0, 1.0]])), "damaged"),
    "a tilt that is none": (changed(lambda p: p["baseline"].update(tilt_deg=["nan"])), "outside"),
    "a missing tilt": (changed(lambda p: p["baseline"].update(tilt_deg=[None])), "outside"),
    "a tilt of a word": (changed(lambda p: p["baseline"].update(tilt_deg=["much"])), "damaged"),
    "strides beyond 64 bits": (changed(lambda p: p["baseline"].update(strides=[10**30])), "damaged"),
    "no strides": (changed(lambda p: p["baseline"].update(strides=[0])), "outside"),
    "a cadence of 0": (changed(lambda p: p["baseline"].update(cadence_spm=[0.0])), "outside"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_profile_is_rejected_with_one_line(profile: Profile, name: str) -> None:
    make, words = HOSTILE[name]
    with pytest.raises(StoreError, match=words) as caught:
        from_text(make(profile))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_codes_come_back_in_any_order(profile: Profile) -> None:
    codes = list(to_codes(to_text(profile)))
    assert len(codes) > 1 and all(len(code) <= MOST_CHARACTERS for code in codes)
    assert max(map(len, codes)) - min(map(len, codes)) < len(codes)  # none is a remnant
    random.Random(3).shuffle(codes)
    reader = CodeReader()
    assert [reader.take(code) for code in [codes[0], *codes]] == [False] * len(codes) + [True]
    assert reader.text() == to_text(profile)
    assert from_codes(to_codes(to_text(profile), 1600)) == to_text(profile)


def test_codes_are_of_characters_that_qr_codes_store_densely(profile: Profile) -> None:
    alphanumeric = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert all(set(code) <= alphanumeric for code in to_codes(to_text(profile)))


def test_a_code_of_another_profile_begins_again(profile: Profile) -> None:
    codes, others = to_codes(to_text(profile)), to_codes(to_text(Profile("Ben")))
    reader = CodeReader()
    reader.take(codes[0])
    assert reader.missing == tuple(range(2, len(codes) + 1))
    assert reader.take(others[0]) and from_text(reader.text()).runner == "Ben"


@pytest.mark.parametrize(
    "code",
    ["", "https://x.org", "UNTUCK1:00000000:2/1:AAAA", "UNTUCK1:00000000:1/1:", "UNTUCK1:0:1/1:AA", "A" * 99999],
)
def test_a_foreign_code_is_rejected(code: str) -> None:
    with pytest.raises(StoreError, match="not of an Untuck profile"):
        CodeReader().take(code)


def test_a_code_of_a_newer_version_says_so() -> None:
    with pytest.raises(StoreError, match="newer Untuck"):
        CodeReader().take("UNTUCK2:ANYTHING")


def test_missing_codes_are_named(profile: Profile) -> None:
    codes = to_codes(to_text(profile))
    with pytest.raises(StoreError, match=r"missing: 2\."):
        from_codes((codes[0], *codes[2:]))
    with pytest.raises(StoreError, match="missing: all"):
        CodeReader().text()


def test_codes_that_were_read_wrongly_are_rejected(profile: Profile) -> None:
    codes = to_codes(to_text(profile))
    wrong = codes[0][:-1] + ("A" if codes[0][-1] != "A" else "B")
    with pytest.raises(StoreError, match="do not fit"):
        from_codes((wrong, *codes[1:]))


def test_codes_of_a_text_that_grows_without_end_are_rejected() -> None:
    codes = to_codes(" " * (limits.MOST_PROFILE_BYTES + 1))
    with pytest.raises(StoreError, match="do not fit"):
        from_codes(codes)


def test_a_profile_that_needs_too_many_codes_is_for_a_file() -> None:
    with pytest.raises(StoreError, match="as a file"):
        to_codes(random.Random(1).randbytes(30_000).hex())
    assert MOST_CODES == 99  # two digits of a code's head


@given(st.text(max_size=3000), st.integers(100, 2000))
def test_any_text_comes_back_from_its_codes(text: str, most: int) -> None:
    assert from_codes(to_codes(text, most)[::-1]) == text


def test_a_baseline_of_many_paces_comes_back(profile: Profile) -> None:
    assert profile.baseline is not None
    many: Baseline = joined([profile.baseline] * 9)
    back = from_text(to_text(Profile("Ada", baseline=many, baseline_unix_s=1.0))).baseline
    assert back is not None and codec.to_json(back) == codec.to_json(many)
    assert np.array_equal(back.strides, many.strides) and back.strides.dtype == np.int64
