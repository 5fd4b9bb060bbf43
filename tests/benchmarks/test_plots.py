"""The plots: well-formed, the same bytes for the same figures, and nothing of figures that do not stand."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import plots
from benchmarks.growth import AXES, FULL, Growth, Point, Setting
from benchmarks.latency import SHARES, Latencies, Latency


def latencies(*faults: str) -> Latencies:
    def rounds(slowest: float) -> list[Latency]:
        return [
            Latency(100, tuple(slowest * share * factor for share in SHARES), 0.0, faults) for factor in (1, 1.1, 0.9)
        ]

    return Latencies({"goldstream": rounds(0.4), "Kafka Streams": rounds(0.6)})


def growth(*faults: str) -> Growth:
    settings = {Setting(**{axis: value}) for axis, values in FULL.points.items() for value in values}
    return Growth({each: Point(each, (9_000.0, 10_000.0, 12_000.0), faults) for each in settings})


def text(path: Path) -> str:
    return " ".join(ET.parse(path).getroot().itertext())  # noqa: S314 - written by this test


def test_there_is_a_plot_for_each_curve_and_its_axes_have_names(tmp_path: Path) -> None:
    written = plots.write(tmp_path, [latencies(), growth()])
    assert {path.stem for path in written} == {"latency"} | {f"throughput-by-{axis.replace('_', '-')}" for axis in AXES}
    for path in written:
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - as above
    shown = text(tmp_path / "latency.svg")
    for expected in ("last annotation due to label readable, ms", "goldstream", "Kafka Streams", "99%", "99.9%"):
        assert expected in shown
    assert "annotations a second" in text(tmp_path / "throughput-by-annotators.svg")


def test_the_same_figures_give_the_same_bytes(tmp_path: Path) -> None:
    once, again = (plots.write(tmp_path / name, [latencies(), growth()]) for name in ("once", "again"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_figures_that_do_not_stand_are_not_drawn_and_nothing_older_is_left(tmp_path: Path) -> None:
    plots.write(tmp_path, [latencies(), growth()])
    assert plots.write(tmp_path, [latencies("3 labels wrong"), growth("3 labels wrong")]) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["latency", "throughput-by-workers"])
def test_the_page_shows_through(tmp_path: Path, name: str) -> None:
    plots.write(tmp_path, [latencies(), growth()])
    drawn = (tmp_path / f"{name}.svg").read_text().lower()
    assert "#ffffff" not in drawn
    assert "#000000" not in drawn
