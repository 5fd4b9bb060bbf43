"""A label space with other classes, from what is said of each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas import (
    ClassificationSpace,
    ClassMapping,
    DialogSpace,
    LabelSpace,
    LikertSpace,
    PairwiseSpace,
    SimpleSpace,
    SpanSpace,
)
from schemas.errors import explain
from streams.events import Rejected
from streams.quality.mapping.classes import check, names
from streams.settings import SettingsError

_space = TypeAdapter[LabelSpace](LabelSpace).validate_python


@dataclass(frozen=True)
class Wanted:
    """What is to become of classes: the flags as they were given."""

    renames: Sequence[str] = ()
    retired: Sequence[str] = ()
    splits: Sequence[str] = ()
    added: Sequence[str] = ()

    def mapping(self) -> ClassMapping:
        """Return the classes that do not stay, with what takes their place.

        Raises
        ------
        SettingsError
            A flag is wrong, or a class is named twice.
        """
        found: ClassMapping = {}
        given = [("--rename", *_pair("--rename", one)) for one in self.renames]
        given += [("--split", *_pair("--split", one)) for one in self.splits]
        for flag, old, new in given + [("--retire", one, "") for one in self.retired]:
            if old in found:
                raise SettingsError(f"{flag}: {old!r} is named before; say once what becomes of it")
            found[old] = [new] if flag == "--rename" else [one.strip() for one in new.split(",")] if new else []
            if flag == "--split" and len(set(found[old])) < 2:
                raise SettingsError(f"--split: expected OLD=NEW,NEW with two different classes at least, got {new!r}")
        if not found and not self.added:
            raise SettingsError("--rename, --retire, --split or --add: must be given, else nothing changes")
        return found


def changed(name: str, before: LabelSpace, mapping: ClassMapping, added: Sequence[str]) -> LabelSpace:
    """Return the label space that takes the place of `before`.

    Raises
    ------
    SettingsError
        There is no such label space, or the mapping is refused.
    """
    if added and not isinstance(before, ClassificationSpace | SpanSpace):
        raise SettingsError(f"--add: only classes and span labels can be added, {name!r} is a {before.type}")
    try:
        after = _space(_whole(before, mapping, added))
        check(name, before, after, mapping)
    except ValidationError as error:
        raise SettingsError(f"SPACE: {name!r} would be none: {explain(error)}") from None
    except Rejected as rejected:
        raise SettingsError(f"SPACE: {rejected.error}") from None
    return after


def _pair(flag: str, given: str) -> tuple[str, str]:
    old, is_there, new = given.partition("=")
    if not is_there or not old or not new.strip(", "):
        raise SettingsError(f"{flag}: expected OLD=NEW, got {given!r}")
    return old, new


def _whole(space: LabelSpace, mapping: ClassMapping, added: Sequence[str]) -> dict[str, Any]:
    if not isinstance(space, DialogSpace):
        return _leaf(space, mapping, added)
    turns = {turn: _leaf(part, mapping, ()) for turn, part in space.turns.items()}
    overall = None if space.overall is None else _leaf(space.overall, mapping, ())
    return {"type": space.type, "turns": turns, "overall": overall}


def _leaf(space: SimpleSpace, mapping: ClassMapping, added: Sequence[str]) -> dict[str, Any]:
    turned = [new for old in names(space) for new in mapping.get(old, [old])]
    found = list(dict.fromkeys([*turned, *added]))
    body = space.model_dump(mode="json")
    match space:
        case ClassificationSpace():
            return body | {"classes": found}
        case SpanSpace():
            return body | {"labels": found}
        case PairwiseSpace():
            options = [one for one in found if one not in {"tie", "both_bad"}]
            return body | {"options": options, "allow_tie": "tie" in found, "allow_both_bad": "both_bad" in found}
        case LikertSpace():
            return body | _scale(found)
        case _:
            return body


def _scale(found: Sequence[str]) -> dict[str, int]:
    try:
        steps = sorted(map(int, found))
    except ValueError:
        raise SettingsError("--rename: steps of a scale are whole numbers") from None
    if steps != list(range(steps[0], steps[-1] + 1)):
        raise SettingsError("--rename, --retire: a scale without gaps must be left, only its ends can go")
    return {"min": steps[0], "max": steps[-1]}
