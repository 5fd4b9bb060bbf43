"""Every constant of the inference in one place.

None is chosen for a data set: `benchmarks.sensitivity` shows what halving and doubling each of them changes.
"""

from __future__ import annotations

from typing import Final

ACCURACY: Final = 0.7
"""How often a person is right of whom nothing is known, in a project of which nothing is known."""

ACCURACY_MASS: Final = 100.0
"""How many answers that assumption about a project counts for."""

ANNOTATOR_MASS: Final = 20.0
"""How many answers an annotator's accuracy is drawn towards the project's with."""

CLASS_MASS: Final = 400.0
"""How many answers a class's accuracy is drawn towards the project's with.

A class of which there is little would otherwise be what the model makes of it: that is how a rare class is lost.
"""

STRENGTHS: Final = (4.0, 16.0, 64.0)
"""How many answers each row of a confusion matrix may be drawn towards the annotator's one accuracy with.

Each annotator has a mixture of these, weighed by how well each explains the annotator's counts.
"""

STRENGTH_MASS: Final = 5.0
"""How many annotators the assumption counts for that all strengths are equally common."""

CLASS_PRIOR_MASS: Final = 5.0
"""How many tasks of each class are assumed beforehand, per square of the number of the other classes.

The more classes, the more a class's frequency is confounded with who confuses it with what.
"""

CLASS_PRIOR_FLOOR: Final = 0.08
"""Share of the tasks that is spread evenly over the classes: no class is taken to be rarer than its part of it."""

SLIPS: Final = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Shares of the tasks on which the votes may say nothing of the truth, all equally probable before gold tells."""

CALIBRATED_GOLD: Final = 20
"""From so many gold tasks on, a confidence may be read as a frequency."""

SURE_ANSWERS: Final = 32.0
"""So many answers of an annotator have to be known before a task is closed early for what that annotator says..."""

SURE_VOTES: Final = 2
"""... and so many such annotators have to have voted."""

FEEDBACK_VOTES: Final = 3
"""From so many votes on, a task tells its voters what it has come to; gold does from the first."""

MOVED: Final = 0.1
"""By how much, in sum over the classes, a posterior has to move before it is told again."""

RENEWED: Final = 0.1
"""By which share of an annotator's answers the counts have to change before the task side gets new ones."""

GROWTH: Final = 0.1
"""By which share a project's sums have to change before everybody gets new ones."""

RESCORES: Final = 4
"""A closed task is looked at again for every so many votes that come in."""
