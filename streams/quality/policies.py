"""What the task side keeps of a project, from the copies that the project side sends to every partition."""

from __future__ import annotations

from schemas import Globals
from streams.events import State
from streams.quality.keys import FIXED, fixed
from streams.quality.mapping.changes import count
from streams.quality.spaces import space_text
from streams.quality.task_state import Settings, settings_key


def removed(policy_version: int, sequence: int = 0) -> Settings:
    """Return what is kept of a project that is not there: nothing that decides anything."""
    return Settings(
        policy_version=policy_version,
        redundancy=1,
        max_redundancy=1,
        min_agreement=0,
        unusable_after=1,
        weighting="uniform",
        gold_incorrect=FIXED,
        guidelines_version="",
        label_spaces={},
        removed=True,
        sequence=sequence,
    )


def store(state: State, sent: Globals) -> bool:
    """Keep a project's settings unless they are older than those kept.

    Returns
    -------
    bool
        Whether the project is known now and anything was stored.
    """
    key = settings_key(sent.project)
    kept = state.get(key, Settings)
    if kept is not None and (kept.policy_version, kept.sequence) >= (sent.policy_version, sent.sequence):
        return False
    settings = _settings(sent)
    settings.changes = count(state, sent.project)
    state.put(key, settings)
    return not settings.removed


def _settings(sent: Globals) -> Settings:
    project = sent.project_settings
    if sent.removed or project is None:
        return removed(sent.policy_version, sent.sequence)
    policy = project.policy
    return Settings(
        policy_version=sent.policy_version,
        redundancy=policy.redundancy,
        max_redundancy=policy.max_redundancy,
        min_agreement=fixed(policy.min_agreement),
        unusable_after=policy.unusable_after,
        weighting=policy.weighting,
        gold_incorrect=fixed(project.thresholds.factors.gold_incorrect),
        guidelines_version=project.guidelines_version,
        label_spaces={name: space_text(space) for name, space in project.label_spaces.items()},
        target_confidence=0 if policy.target_confidence is None else fixed(policy.target_confidence),
        min_redundancy=policy.min_redundancy,
        sequence=sent.sequence,
        review_share=fixed(policy.review_share),
        label_value=0 if policy.gain is None else int(policy.gain.value_usd.scaleb(6)),
        adaptive=policy.adaptive,
    )
