"""What is handed out: pinned versions for CI and the image, bounds where internals are used, a source archive
with its tests.
"""
import configparser
import subprocess
import sys
import tarfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
NOT_PINNED = {"tgpay-emulator", "pip"}  # pip comes with the virtual environment
# folders of the repository, and where an installed package has their files
PLACES = {"emulator": "", "scenarios": "scenarios/files/", "docs": "web/documentation/files/"}
BOUNDED = {"flask", "gunicorn", "httpcore", "sqlite-utils", "werkzeug"}


def required() -> list[Requirement]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    written = config["options"]["install_requires"] + config["options.extras_require"]["test"]
    return [Requirement(line) for line in written.split("\n") if line.strip()]


def pinned() -> dict[str, str]:
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def with_what_they_need(names: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting |= {canonicalize_name(needed.name)} - found
    return found


def test_every_requirement_is_pinned_within_its_bounds() -> None:
    versions = pinned()
    for requirement in required():
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement


def test_what_the_requirements_need_is_pinned_too() -> None:
    names = {canonicalize_name(requirement.name) for requirement in required()}
    assert with_what_they_need(names) - NOT_PINNED <= pinned().keys()


def test_libraries_whose_internals_are_used_have_an_upper_bound() -> None:
    bounded = {canonicalize_name(row.name) for row in required()
               if any(spec.operator == "<" for spec in row.specifier)}
    assert BOUNDED <= bounded


@pytest.mark.parametrize("reader", [".ci/run", "Dockerfile"])
def test_ci_and_the_image_install_the_pinned_versions(reader: str) -> None:
    assert ".ci/constraints.txt" in (ROOT / reader).read_text()


def test_the_image_is_given_the_files_that_it_copies() -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines()
                   if line.startswith("!")]
    copied = {"emulator", "scenarios", "docs", "setup.cfg", "pyproject.toml", ".ci/constraints.txt"}
    assert copied <= set(let_through)
    assert all((ROOT / path).exists() for path in let_through)


@pytest.mark.skipif(not (ROOT / ".git").exists(),
                    reason="the source archive is made from the files that git knows")
def test_the_source_archive_has_every_file_that_git_knows(tmp_path: Path) -> None:
    build = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(checkout)], check=True, timeout=60)
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=checkout, check=True, timeout=60,
                   capture_output=True)
    known = subprocess.run(["git", "ls-files"], cwd=checkout, check=True, timeout=60, capture_output=True,
                           text=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert set(known.stdout.split()) <= packed


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the list of files is that of git")
def test_an_installed_package_has_the_files_that_it_reads(tmp_path: Path) -> None:
    build = "from setuptools import setup; setup()"
    checkout, built = tmp_path / "checkout", tmp_path / "built"
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(checkout)], check=True, timeout=60)
    subprocess.run([sys.executable, "-c", build, "build_py", "--build-lib", str(built)],
                   cwd=checkout, check=True, timeout=60, capture_output=True)
    package = built / "tgpay_emulator"
    installed = {str(file.relative_to(package)) for file in package.rglob("*")}
    for folder, place in PLACES.items():
        known = subprocess.run(["git", "ls-files", folder], cwd=checkout, check=True, timeout=60,
                               capture_output=True, text=True)
        assert {place + name.removeprefix(f"{folder}/") for name in known.stdout.split()} - installed == set()
