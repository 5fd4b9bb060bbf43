"""From a record's bytes to its contract: the one place where untrusted bytes become events."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas import explain
from streams.events import Rejected

M = TypeVar("M", bound=BaseModel)


def contract(model: type[M]) -> Callable[[bytes], M]:
    """Return the decoder of `model`.

    Returns
    -------
    callable
        Bytes to `model`. Raises `Rejected` with the reason ``malformed_json`` when the bytes are not JSON at
        all, and ``invalid`` when they are, but break the contract; the error names the fields and what they
        expected.
    """
    validate = TypeAdapter(model).validator.validate_json
    free = [name for name, field in model.model_fields.items() if field.annotation is Any]

    def decode(raw: bytes) -> M:
        try:
            value: M = validate(raw)
        except ValidationError as error:
            raise Rejected("malformed_json" if _is_malformed(error) else "invalid", explain(error)) from None
        # Where any JSON may stand, the validator takes NaN and 1e999 too, and the encoder would write null.
        for name in free:
            if not _is_finite(getattr(value, name)):
                raise Rejected("invalid", f"{name}: expected finite numbers")
        return value

    return decode


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return not isinstance(value, list) or all(map(_is_finite, value))


def _is_malformed(error: ValidationError) -> bool:
    if error.error_count() != 1:
        return False  # listing many is slow, and what is not JSON at all is one error
    return error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid"
