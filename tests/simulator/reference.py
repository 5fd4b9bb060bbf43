"""Two batch methods in their plainest form, to hold streaming inference against: one-coin EM and Dawid-Skene."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streams.simulator.drawing import Drawn

Method = Literal["one_coin", "dawid_skene"]


def posterior(drawn: Drawn, method: Method, rounds: int = 100) -> NDArray[np.float64]:
    """Return the probability of each class for each task (tasks x classes), from majority shares by EM.

    One-coin: annotator w is right with probability p_w, and otherwise gives any other class.
    Dawid-Skene (1979), doi:10.2307/2346806: a confusion matrix each. Both learn the classes' frequencies.
    """
    tasks, classes, workers = drawn.campaign.tasks, drawn.campaign.classes, drawn.campaign.annotators
    truth = np.zeros((tasks, classes))
    np.add.at(truth, (drawn.task, drawn.label), 1.0)
    truth /= truth.sum(axis=1, keepdims=True)
    for _ in range(rounds):
        scores = np.zeros((tasks, classes))
        if method == "one_coin":
            hits = np.bincount(drawn.worker, truth[drawn.task, drawn.label], workers)
            skill = hits / np.maximum(np.bincount(drawn.worker, minlength=workers), 1)
            right = np.clip(skill, 1e-6, 1 - 1e-6)
            gain = np.log(right) - np.log((1 - right) / (classes - 1))
            np.add.at(scores, (drawn.task, drawn.label), gain[drawn.worker])
        else:
            confusion = np.zeros((workers, classes, classes))
            np.add.at(confusion.transpose(0, 2, 1), (drawn.worker, drawn.label), truth[drawn.task])
            confusion = np.maximum(confusion / np.maximum(confusion.sum(axis=2, keepdims=True), 1e-12), 1e-10)
            np.add.at(scores, drawn.task, np.log(confusion)[drawn.worker, :, drawn.label])
        scores += np.log(np.maximum(truth.mean(axis=0), 1e-10))
        truth = np.exp(scores - scores.max(axis=1, keepdims=True))
        truth /= truth.sum(axis=1, keepdims=True)
    return truth
