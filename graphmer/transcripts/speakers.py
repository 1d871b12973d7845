"""Names of speakers: which may belong to one person, and which a user says do."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from graphmer.errors import ConfigError

_ADDITION = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_WORD = re.compile(r"[^\W_]+")


def similar_names(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of names that differ only in case, blanks, marks, order of words or additions in brackets.

    Example:
        >>> similar_names(["Ann", "Bob", "~ ann", "Ann (Host)", "Lee, Jo", "Jo Lee"])
        [('Ann', '~ ann', 'Ann (Host)'), ('Lee, Jo', 'Jo Lee')]
    """
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in names:
        words = _WORD.findall(_ADDITION.sub(" ", name).casefold()) or _WORD.findall(name.casefold())
        groups[tuple(sorted(words)) or (name,)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def read_merged_speakers(path: str | Path) -> dict[str, str]:
    """Read which names belong to one person: YAML, ``Ann: [ann, Ann (Host)]``.

    Args:
        path: file.

    Returns:
        The name to use, by the name in transcripts.

    Raises:
        ConfigError: if it has another form, or a name belongs to two persons.
    """
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Name a YAML file.") from None
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: no valid YAML ({' '.join(str(error).split())}). Correct it.") from None
    is_valid = isinstance(content, Mapping) and all(
        isinstance(name, str) and isinstance(others, list) and all(isinstance(other, str) for other in others)
        for name, others in content.items()
    )
    if not is_valid or not content:
        raise ConfigError(f"{path}: must give lists of names by name. Write e.g. `Ann: [ann, Ann (Host)]`.")
    try:
        return merged_names(content)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}. Keep one.") from None


def merged_names(persons: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The name to use, by the name in transcripts.

    Args:
        persons: the names in transcripts by the name to use.

    Raises:
        ValueError: if a name belongs to two persons.
    """
    found: dict[str, str] = {}
    for name, others in persons.items():
        for other in others:
            if found.setdefault(other, name) != name or (other in persons and other != name):
                raise ValueError(f"{other!r} belongs to two persons")
    return found
