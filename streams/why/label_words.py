"""What a label says, and what changed against the one before it, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from streams.printable import plain
from streams.why.found import Body
from streams.why.wording import answers, codes, counted, listed, number_in, share, text

COMPARED = ("status", "votes", "non_answers", "policy_version", "guidelines_version")


def stated(label: Body) -> str:
    """Return a version in one line.

    >>> stated({"status": "undecided", "reason": "tie", "votes": 5, "closed_by": "max_redundancy", "answers": {}})
    'undecided: tie; 5 votes, closed by max redundancy'
    """
    said, status = answers(label), codes(label.get("status"))
    if label.get("status") == "withdrawn":
        return status
    counts = [counted(number_in(label, "votes"), "vote")]
    if number_in(label, "non_answers"):
        counts.append(counted(number_in(label, "non_answers"), "non-answer"))
    if said:
        agreement = over(label, "agreement")
        counts += [f"agreement {agreement}"] if agreement else []
        return f"{status} as {said}; {', '.join(counts)}{closed(label)}"
    return f"{status}: {codes(label.get('reason'))}; {', '.join(counts)}{closed(label)}"


def became(before: Body | None, after: Body) -> str:
    """Return which version took the place of which, as far as the one before is known."""
    last = f"version {after.get('version')}, {_brief(after)}"
    if before is None:
        return f"{last}, took the place of version {after.get('supersedes')}"
    return f"version {before.get('version')}, {_brief(before)}, became {last},"


def _brief(label: Body) -> str:
    return answers(label) or codes(label.get("reason"))


def closed(label: Body) -> str:
    """Return which rule closed it, as the end of a sentence; empty where none did."""
    return f", closed by {codes(label['closed_by'])}" if label.get("closed_by") else ""


def over(label: Body, field: str) -> str:
    """Return a share of each question's answer; empty where none has it."""
    given = label.get("answers")
    found = [one.get(field) for one in given.values() if isinstance(one, dict)] if isinstance(given, dict) else []
    return listed(share(one) for one in found if one is not None)


def changed_fields(before: Body, after: Body) -> dict[str, list[object]]:
    """Return which of a label's fields changed, from what to what."""
    changed: dict[str, list[object]] = {
        name: [before.get(name), after.get(name)] for name in COMPARED if before.get(name) != after.get(name)
    }
    one, other = answers(before), answers(after)
    if one != other:
        changed["label"] = [one or None, other or None]
    return changed


def changes_text(changed: Mapping[str, list[object]]) -> str:
    """Return `changed_fields` in words."""
    return ", ".join(f"{codes(name)} {_or_none(old)} -> {_or_none(new)}" for name, (old, new) in changed.items())


def _or_none(value: object) -> str:
    return text(plain(value) or "none")
