"""Every measure of `python -m benchmarks` gives its rows. Whether it meets its target, no test says."""
import json
import subprocess
import sys

import pytest
from benchmarks.__main__ import MEASURES

pytestmark = [pytest.mark.exhaustive, pytest.mark.sqlite, pytest.mark.timeout(300)]
MISSED = 1


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_gives_its_rows(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", name, "--rounds=1", "--requests=40", "--json"],
                          capture_output=True, text=True)
    assert done.returncode in (0, MISSED), done.stderr
    rows = json.loads(done.stdout)
    assert {row["measure"] for row in rows} == {name}
    assert [row["what"] for row in rows if row["value"] is None and not row["detail"]] == []
