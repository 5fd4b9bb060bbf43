"""Flags that ask for dead letters, and what is said of wrong ones."""

from __future__ import annotations

import pytest

from streams.dead_letters.filters import identity
from streams.moments import moment_of
from streams.settings import SettingsError

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("90s", 999_910_000),
        ("2h", 992_800_000),
        ("1w", 395_200_000),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T01:00", 3_600_000),
        ("1970-01-01T01:00Z", 3_600_000),
        ("1970-01-01T01:00:00.5+01:00", 500),
    ],
)
def test_a_moment_is_so_long_ago_or_a_time(text: str, milliseconds: int) -> None:
    assert moment_of(text, NOW, "--since") == milliseconds


@pytest.mark.parametrize("text", ["", "h", "2y", "-1h", "yesterday", "1.5h", "9999999d", "2026-13-01", "\x1b[2J"])
def test_what_is_no_moment_is_one_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--until: must be a while ago such as 90s"):
        moment_of(text, NOW, "--until")


@pytest.mark.parametrize("text", ["annotations/0/0", "annotations.scored/255/9223372036854775807", "globals.t/1/2"])
def test_an_id_is_a_place(text: str) -> None:
    assert identity(text) == text


@pytest.mark.parametrize(
    "text", ["", "annotations", "annotations/1", "annotations/01/2", "annotations/1/-2", "a/1/2/3", "\x1b/1/2", "t/1/٣"]
)
def test_what_is_no_id_is_one_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^ID: must be topic/partition/offset such as annotations/3/1207, got "):
        identity(text)


@pytest.mark.parametrize("topic", ["labels", "dead-letters", "nonsense"])
def test_an_id_is_of_a_topic_that_can_have_dead_letters(topic: str) -> None:
    with pytest.raises(SettingsError, match="its topic: must be one of annotations, "):
        identity(f"{topic}/1/2")
