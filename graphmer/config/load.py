"""Reading and checking of configuration files; every problem of a file is reported at once."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import ValidationError

from graphmer.config.renamed import new_name
from graphmer.config.schema import Config, merged
from graphmer.errors import ConfigError
from graphmer.systems import SYSTEMS, System

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")

_LONGEST = 200


def load_config(path: Path, overrides: Sequence[str] = (), systems: Mapping[str, System] = SYSTEMS) -> Config:
    """Read and check a configuration file; what it does not set, its ``base`` file does, if it names one.

    Args:
        path: a YAML file; relative paths in it are taken from its folder.
        overrides: settings as ``a.b=value``, the value in YAML; applied after reading.
        systems: systems by name.

    Raises:
        ConfigError: naming every problem with file, field, rule, value and remedy.
    """
    values = _read(path, ())
    for override in overrides:
        _set(values, override)
    return checked(values, str(path), path.parent, systems)


def read_fields(path: Path, fields: str) -> dict[str, Any]:
    """Fields of a YAML file in which no key occurs twice.

    Args:
        path: of the file.
        fields: examples, for messages.

    Raises:
        ConfigError: if it cannot be read, or holds no fields.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({_reason(error)}). Name a YAML file.") from None
    try:
        values = yaml.load(text, Loader=_UniqueKeys)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must hold fields such as {fields}; got {type(values).__name__}.")
    return values


def _read(path: Path, within: tuple[Path, ...]) -> dict[str, Any]:
    """Values of a file, with those of its `base` where it has none itself."""
    if path.resolve() in within:
        raise ConfigError(f"{path}: is a `base` of itself. Leave one of the two `base` out.")
    values = read_fields(path, "`name:` and `data:`")
    base = values.pop("base", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise ConfigError(f"{path}: base: must be the path of one YAML file, from the folder of this file.")
    other = path.parent / base
    inherited = _read(other, (*within, path.resolve()))
    return merged(_rooted(inherited, other, path.parent), values)


def _rooted(values: dict[str, Any], source: Path, folder: Path) -> dict[str, Any]:
    """Values of a base whose root is relative to the folder of the file that names the base."""
    data = values.get("data")
    root = data.get("root") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(root, str):
        return values
    unset: list[str] = []
    expanded = Path(_expand(root, ".data.root", str(source), unset)).expanduser()
    if unset or expanded.is_absolute():
        return values
    moved = os.path.relpath(source.parent / expanded, folder)
    return {**values, "data": {**data, "root": moved}}


def checked(
    values: Mapping[str, Any], source: str, folder: Path, systems: Mapping[str, System] = SYSTEMS
) -> Config:
    """A configuration from its values.

    Args:
        values: as YAML gives them.
        source: name of the file in messages.
        folder: relative paths start here.
        systems: systems by name.

    Raises:
        ConfigError: as `load_config`.
    """
    unset: list[str] = []
    expanded = _expand(values, "", source, unset)
    if unset:
        raise ConfigError(unset)
    try:
        config = Config.model_validate(expanded, context={"systems": systems})
    except ValidationError as error:
        raise ConfigError(
            [_describe(source, problem, _network(values, systems)) for problem in error.errors()]
        ) from None
    updated: dict[str, Any] = {}
    root, features = config.data.root, config.features
    if root is not None:
        updated["data"] = config.data.model_copy(update={"root": (folder / root.expanduser()).resolve()})
    if features is not None and (folder / features.text).is_dir():
        updated["features"] = features.model_copy(update={"text": str((folder / features.text).resolve())})
    return config.model_copy(update=updated)


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML that `load_config` reads back."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that occurs twice is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        merge = "tag:yaml.org,2002:merge"  # `<<: *base`, which the superclass resolves
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != merge]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.YAMLError(f"key {twice!r} occurs twice, line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8 text"


def _set(values: dict[str, Any], override: str) -> None:
    name, equals, value = override.partition("=")
    if not equals or not name:
        raise ConfigError(
            f"--set {override}: must be `field.field=value`, such as training.learning_rate=1e-4."
        )
    *sections, field = name.split(".")
    inner: Any = values
    for section in sections:
        inner = (
            inner[_place(inner, section, override)] if isinstance(inner, list) else _section(inner, section)
        )
        if not isinstance(inner, dict | list):
            raise ConfigError(f"--set {override}: {section!r} is a value, not a section.")
    try:
        parsed = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"--set {override}: not valid YAML: {' '.join(str(error).split())}") from None
    if isinstance(parsed, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?e[-+]?\d+", parsed):
        parsed = float(parsed)  # YAML 1.1 reads 1e-4 as a word
    inner[_place(inner, field, override) if isinstance(inner, list) else field] = parsed


def _place(items: list[Any], number: str, override: str) -> int:
    if not number.isdigit() or int(number) >= len(items):
        raise ConfigError(
            f"--set {override}: {number!r} must be a number below {len(items)}, the length of the list."
        )
    return int(number)


def _section(values: dict[str, Any], name: str) -> Any:
    if not isinstance(values.get(name), dict | list):
        values[name] = {}
    return values[name]


def _expand(value: Any, field: str, source: str, unset: list[str]) -> Any:
    """Replace ``${NAME}`` and ``${NAME:-default}`` in every string."""
    if isinstance(value, Mapping):
        return {key: _expand(inner, f"{field}.{key}", source, unset) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, f"{field}.{i}", source, unset) for i, inner in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replacement(match: re.Match[str]) -> str:
        name, default = match.groups()
        found = os.environ.get(name) or default
        if found is None:
            unset.append(
                f"{source}: {field[1:]}: environment variable {name} is not set. "
                f"Set it, or write ${{{name}:-path}}."
            )
        return found or ""

    return _VARIABLE.sub(replacement, value)


def _network(values: Mapping[str, Any], systems: Mapping[str, System]) -> Any:
    """Settings class of the chosen system, whose fields `model` has."""
    model = values.get("model")
    name = model.get("system") if isinstance(model, Mapping) else None
    chosen = systems[name] if isinstance(name, str) and name in systems else next(iter(systems.values()))
    return chosen.settings


def _describe(source: str, problem: Mapping[str, Any], network: Any) -> str:
    """One line for one problem that pydantic found."""
    location = [part for part in problem["loc"] if part != "[key]"]
    field = ".".join(map(str, location))
    if problem["type"] == "extra_forbidden":
        renamed = new_name(field)
        if renamed is not None:
            return f"{source}: {field}: was renamed; write {renamed}."
        close = difflib.get_close_matches(str(location[-1]), _fields(location[:-1], network), n=1)
        return f"{source}: {field}: unknown field." + (f" Did you mean {close[0]!r}?" if close else "")
    if problem["type"] == "missing":
        return f"{source}: {field}: must be given."
    message = problem["msg"].removeprefix("Value error, ")
    found = "" if isinstance(problem["input"], Mapping) else f"; got {_shown(problem['input'])}"
    sentence = f"{message[0].lower()}{message[1:]}{found}."
    return f"{source}: {field}: {sentence}" if field else f"{source}: {sentence}"


def _shown(value: Any) -> str:
    """A value as Python writes it, shortened; a hexadecimal number may be too long for Python."""
    try:
        text = repr(value)
    except ValueError:
        return "a number too large to show"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _fields(location: Sequence[Any], network: Any) -> list[str]:
    """Names of the fields of the section at a location; empty where there is none."""
    annotation: Any = Config
    if location[:1] == ["model"]:
        annotation, location = network, location[1:]
    for part in location:
        annotation = _within(annotation, part)
    options = [annotation, *get_args(annotation)]  # a section may stand beside None
    section = next((option for option in options if hasattr(option, "model_fields")), None)
    return [] if section is None else list(section.model_fields)


def _within(annotation: Any, part: Any) -> Any:
    """Annotation of a field of a section, or of an entry of a mapping or list; `None` where there is none."""
    origin, options = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return options[1]
    if origin is tuple:
        return options[0]
    if origin is None:
        field = getattr(annotation, "model_fields", {}).get(part)
        return None if field is None else field.annotation
    found = (_within(option, part) for option in options)
    return next((inner for inner in found if inner is not None), None)
