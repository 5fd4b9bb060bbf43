"""Who runs a command that cannot be undone, where the system or a person does not say."""

from __future__ import annotations

import getpass
import io
from typing import NoReturn

import click
import pytest

from streams import consent
from streams.failures import Failure
from streams.settings import Settings, SettingsError


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_is_no_defect(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> NoReturn:
        raise error("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert consent.actor(Settings()) == "unknown"
    assert consent.actor(Settings().model_copy(update={"sasl_username": "ops-1"})) == "ops-1"


def test_where_nobody_can_be_asked_or_the_answer_is_no_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(SettingsError, match="--yes: must be given where nobody can be asked; or look first"):
        consent.demand_a_person("or look first")
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    with pytest.raises(Failure, match="nothing was sent"):
        consent.confirm("Send them?", "nothing was sent")
