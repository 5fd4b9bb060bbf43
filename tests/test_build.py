"""How the project is built and tested: what it needs is declared, and what is missing is said plainly."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.kafka import distribution

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEPENDENCIES = [Requirement(line) for line in PROJECT["dependencies"]]
OPTIONAL = [
    Requirement(line) for extra, lines in PROJECT["optional-dependencies"].items() if extra != "dev" for line in lines
]
"""What a command imports when it is asked for what needs it."""
DEVELOPMENT = [one for one in map(Requirement, PROJECT["optional-dependencies"]["dev"]) if one.name != PROJECT["name"]]
DEBIAN_PACKAGES = [
    name
    for line in (ROOT / ".ci/debian-packages.txt").read_text().splitlines()
    if (name := line.partition("#")[0].strip())
]


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pins}


def imported(*packages: str) -> set[str]:
    """Return the distributions that the packages' modules import, without Python's own and the project's."""
    modules: set[str] = set()
    for source in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                modules.update(name.name.split(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    providers = packages_distributions()
    foreign = modules - sys.stdlib_module_names - {"schemas", "streams"}
    return {canonicalize_name(providers[module][0]) for module in foreign}


def script(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path with nothing on it but what the test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("CI", raising=False)
    return folder


def test_what_is_imported_is_declared_and_no_more() -> None:
    declared, optional = ({canonicalize_name(one.name) for one in some} for some in (DEPENDENCIES, OPTIONAL))
    assert imported("schemas", "streams") - optional == declared


@pytest.mark.parametrize("requirement", DEPENDENCIES + OPTIONAL + DEVELOPMENT, ids=str)
def test_the_constraints_hold_a_version_that_is_allowed(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pinned()[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("name", ["faust-streaming", "aiokafka"])
def test_what_the_engine_hooks_into_is_pinned(name: str) -> None:
    (requirement,) = (one for one in DEPENDENCIES if one.name == name)
    assert [one.operator for one in requirement.specifier] == ["=="]


def test_no_java_is_one_line_that_says_what_to_install(bare: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.kafka.broker"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.splitlines() == [str(distribution.Missing("java was not found"))]
    assert "apt-get install default-jdk-headless maven" in run.stderr
    assert not list(bare.iterdir())


@pytest.mark.parametrize(
    ("version", "found"), [("11.0.2", "is Java 11"), ("1.8.0_402", "is Java 8"), ("?", "does not tell")]
)
def test_a_java_that_is_too_old_is_named(bare: Path, version: str, found: str) -> None:
    script(bare, "java", f"echo 'openjdk version \"{version}\" 2020-01-01' >&2")
    with pytest.raises(distribution.Missing, match=found):
        distribution.java()


def test_java_home_wins_over_the_path(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(bare, "java", "exit 1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    script(bare, "java", "echo 'openjdk version \"21\" 2023-09-19' >&2")
    assert distribution.java() == str(bare / "java")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(distribution.Missing, match="gone, which holds no bin/java"):
        distribution.java()


def test_no_maven_matters_only_until_kafka_is_here(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(distribution.Missing, match="mvn was not found"):
        distribution.jars(tmp_path)
    script(bare, "mvn", 'for last in "$@"; do :; done; /bin/mkdir -p "${last#*=}"')
    fetched = distribution.jars(tmp_path)
    (bare / "mvn").unlink()
    assert distribution.jars(tmp_path) == fetched


def test_a_failed_fetch_leaves_nothing_that_looks_whole(bare: Path, tmp_path: Path) -> None:
    script(bare, "mvn", "echo no route; exit 3")
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"(?s)exit code 3.*no route"):
            distribution.jars(tmp_path)


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
@pytest.mark.usefixtures("bare")
def test_without_java_the_broker_tests_are_skipped_but_not_in_ci(ci: str, outcome: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "tests/kafka/test_broker.py",
            "-k",
            "committed",
        ],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in run.stdout.splitlines()[-1]
    assert "java was not found. On Debian: apt-get install" in run.stdout
    assert run.returncode == (1 if ci else 0)


def test_debian_packages_are_listed() -> None:
    assert {"default-jdk-headless", "maven", "make", "python3-venv"} <= set(DEBIAN_PACKAGES)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in DEBIAN_PACKAGES)


@pytest.mark.parametrize(
    ("user", "status", "calls"),
    [
        (0, "installed", ["make test with CI=true"]),
        (1000, "not-installed", ["make test with CI=true"]),
        (
            0,
            "not-installed",
            [
                "apt-get -qq update",
                f"apt-get -qq install --yes --no-install-recommends {' '.join(DEBIAN_PACKAGES)}",
                "make test with CI=true",
            ],
        ),
    ],
    ids=["nothing missing", "not root", "root"],
)
def test_ci_installs_what_is_missing_where_it_may(
    bare: Path, tmp_path: Path, user: int, status: str, calls: list[str]
) -> None:
    log = tmp_path / "calls"
    script(bare, "id", f"echo {user}")
    script(bare, "dpkg-query", f"echo -n {status}")
    script(bare, "apt-get", f'echo "apt-get $*" >>{log}')
    script(bare, "make", f'echo "make $* with CI=$CI" >>{log}')
    for tool in ("sed", "dirname"):
        (bare / tool).symlink_to(Path("/usr/bin") / tool)
    run = subprocess.run(
        ["/bin/bash", ROOT / ".ci/run"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert run.returncode == 0, run.stderr
    assert log.read_text().splitlines() == calls
    assert run.stdout.startswith("Debian packages: ")


def test_ci_can_be_executed() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_every_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (\w+)", makefile, re.MULTILINE)) - {"check"}
    help_ = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607 - the one on the path
    assert set(re.findall(r"^make (\w+) +\S", help_, re.MULTILINE)) == phony
