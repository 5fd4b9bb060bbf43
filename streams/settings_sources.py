"""Where settings come from: flags win over environment, environment over file, file over defaults."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from streams.settings import ENV_PREFIX, Settings, SettingsError

CONFIG_VARIABLE = f"{ENV_PREFIX}CONFIG"
DEFAULT_FILE = Path("goldstream.toml")

SECRETS = ("sasl_password", "ssl_key_password")
"""Settings that are never shown, and that may be read from a file of their own."""
PRIVATE_FILES = (*(f"{secret}_file" for secret in SECRETS), "ssl_key_file")
"""Files that nobody but their owner should be able to read."""

_FIELDS = Settings.model_fields
_LONGEST_SHOWN = 80
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENV_PREFIX + name.upper()


def flag_of(name: str) -> str:
    """Return the command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def load(flags: Mapping[str, str] | None = None, *, config: Path | None = None) -> Settings:
    """Return the settings of this process.

    Parameters
    ----------
    flags : mapping, optional
        Values from the command line by setting, unparsed.
    config : Path, optional
        A TOML file with settings as top-level keys. Without it the file that GOLDSTREAM_CONFIG names, else
        goldstream.toml in the working directory if there is one.

    Raises
    ------
    SettingsError
        A value is wrong, two contradict each other, a name is unknown, or a file cannot be read.
    """
    flags = flags or {}
    environment = _environment()
    file, file_name = _file(config)
    values: dict[str, Any] = {**file, **environment, **flags}
    origins = {
        **{name: f"{name} in {file_name}" for name in file},
        **{name: variable_of(name) for name in environment},
        **{name: flag_of(name) for name in flags},
    }
    for secret in SECRETS:
        values = _with_secret(secret, values, origins)
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = [_problem(details, values, origins) for details in error.errors(include_url=False)]
        raise SettingsError(*problems) from None


def exposed(settings: Settings) -> list[str]:
    """Return a line for each file with a secret in it that others than its owner may read or change."""
    lines = []
    for setting in PRIVATE_FILES:
        name = getattr(settings, setting)
        with contextlib.suppress(OSError):  # whoever reads it says what is wrong
            mode = stat.S_IMODE(Path(name).stat().st_mode) if name else 0
            if mode & _OTHERS:
                lines.append(
                    f"warning: setting {setting}: others may read or change {name} (mode {mode:04o}): chmod 600 it"
                )
    return lines


def _environment() -> dict[str, Any]:
    known = {variable_of(name) for name in _FIELDS} | {CONFIG_VARIABLE}
    unknown = [name for name in os.environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known]
    if unknown:
        raise SettingsError(
            *(
                f"unknown variable {name} in the environment; the nearest is {_nearest(name.upper(), known)}"
                for name in sorted(unknown)
            )
        )
    return dict(EnvSettingsSource(Settings)())


def _file(config: Path | None) -> tuple[dict[str, Any], str]:
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    path = named or DEFAULT_FILE
    if named is None and not path.exists():
        return {}, ""
    try:
        if not path.is_file():
            raise FileNotFoundError("no such file")
        source = TomlConfigSettingsSource(Settings, path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"settings file {path}: {_reason(error)}") from None
    unknown = [name for name in source.toml_data if name not in _FIELDS]
    if unknown:
        raise SettingsError(
            *(f"unknown setting {name} in {path}; the nearest is {_nearest(name, _FIELDS)}" for name in unknown)
        )
    for secret in SECRETS:
        if secret in source.toml_data:
            wanted = f"must come from {variable_of(secret)} or from {secret}_file"
            raise SettingsError(f"setting {secret} ({secret} in {path}): {wanted}")
    return dict(source.toml_data), str(path)


def _with_secret(secret: str, values: Mapping[str, Any], origins: dict[str, str]) -> dict[str, Any]:
    """Return the values with the secret read from its file, if one is named. This is the only time it is read."""
    setting = f"{secret}_file"
    name = values.get(setting)
    if not isinstance(name, str):
        return dict(values)
    where = f"setting {setting} ({origins[setting]})"
    if secret in values:
        raise SettingsError(f"{where}: must not be given together with {origins[secret]}")
    try:
        content = Path(name).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where}: cannot be read ({_reason(error)}), got {name!r}") from None
    if not content:
        raise SettingsError(f"{where}: the file is empty, got {name!r}")
    origins[secret] = origins[setting]
    return {**values, secret: content}


def _problem(details: ErrorDetails, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    context = details.get("ctx", {})
    name = str(context.get("setting") or details["loc"][0])
    value = values.get(name, _FIELDS[name].default)
    return f"setting {name} ({origins.get(name, 'default')}): {_expectation(details)}, got {_shown(name, value)}"


def _expectation(details: ErrorDetails) -> str:
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    if details["type"] == "string_pattern_mismatch":
        return f"must match {details['ctx']['pattern']}"
    message = re.sub(r"^(Input|String|Value) should ", "must ", details["msg"])
    return re.sub(r", unable to parse .*$", "", message)


def _shown(name: str, value: object) -> str:
    if value is None:
        return "nothing"
    if name in SECRETS:
        return "a value that is not shown"
    text = re.sub(r"[^\s/,'\"]+@", "***@", repr(value))  # credentials pasted into an address
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _nearest(name: str, known: Iterable[str]) -> str:
    return difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)[0]


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
