"""Every format of docs/data.md is read again as it was written, to within its resolution, and says what it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.sources.write_formats import WRITTEN, Written

from untuck.samples import Samples
from untuck.sources.files import read_samples
from untuck.sources.files.formats import KEYS

FORMATS = [pytest.param(each, id=each.id or each.key) for each in WRITTEN]


@pytest.fixture(scope="module")
def recorded() -> Samples:
    """Standing, hinges and running of the simulated runner that comes with the package."""
    import untuck

    return untuck.example()[:4500]


def test_every_format_has_a_file() -> None:
    assert {each.key for each in WRITTEN} | {"untuck"} == set(KEYS)


@pytest.mark.parametrize("written", FORMATS)
def test_samples_are_read_as_they_were_written(recorded: Samples, tmp_path: Path, written: Written) -> None:
    path = tmp_path / written.name
    written.write(path, recorded)
    samples = read_samples(path)
    np.testing.assert_allclose(samples.acc_m_s2, recorded.acc_m_s2, rtol=1e-12, atol=written.acc_m_s2)
    np.testing.assert_allclose(samples.gyr_rad_s, recorded.gyr_rad_s, rtol=1e-12, atol=written.gyr_rad_s)
    expected = recorded.time_s - recorded.time_s[0]
    np.testing.assert_allclose(samples.time_s - samples.time_s[0], expected, rtol=0, atol=written.time_s)
    assert written.said in samples.source
