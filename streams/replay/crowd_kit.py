"""The batch methods of crowd-kit on the same votes; it is an optional extra, imported when it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

from streams.failures import Failure
from streams.replay.history import History
from streams.replay.labels import Labels
from streams.replay.scoring import Verdict

METHODS = ("MajorityVote", "Wawa", "DawidSkene", "OneCoinDawidSkene", "ZeroBasedSkill", "GLAD", "MACE")
_BY_SKILL = frozenset({"Wawa", "ZeroBasedSkill"})
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "DawidSkene": {"n_iter": 100},
    "OneCoinDawidSkene": {"n_iter": 100},
    "MACE": {"random_state": 0},
}


def demand_crowd_kit() -> None:
    """Raise `Failure` where it is not installed."""
    if find_spec("crowdkit") is None:
        raise Failure("--compare crowd-kit needs the extra compare: pip install 'goldstream[compare]'")


def methods(history: History, labels: Labels) -> dict[str, Callable[[], dict[str, Verdict]]]:
    """Return the methods by name, each ready to run on the last answer of every worker to every task."""
    import pandas as pd  # noqa: PLC0415 - an extra, and slow to import
    from crowdkit import aggregation  # noqa: PLC0415 - an extra, and slow to import

    votes = {(answer.task, answer.worker): labels.index[answer.label] for answer in history.answers}
    table = pd.DataFrame([(*pair, place) for pair, place in votes.items()], columns=["task", "worker", "label"])
    run = partial(_run, aggregation, table)
    return {name: partial(run, name) for name in METHODS}


def _run(aggregation: Any, table: Any, name: str) -> dict[str, Verdict]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is written for an older pandas, thousands of times
        return _fitted(aggregation, table, name)


def _fitted(aggregation: Any, table: Any, name: str) -> dict[str, Verdict]:
    model = getattr(aggregation, name)(**_ARGUMENTS.get(name, {}))
    if name in _BY_SKILL:
        # Their own last step is this one, and asks scikit-learn something that its newer versions refuse.
        skills = model.fit(table).skills_
        model = aggregation.MajorityVote()
        chosen = model.fit_predict(table, skills)
    else:
        chosen = model.fit_predict(table)
    shares = model.probas_.to_dict("index")
    return {
        task: Verdict((int(place),), float(shares[task][place]), shares[task], float(place))
        for task, place in chosen.to_dict().items()
    }
