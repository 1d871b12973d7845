"""Claim about all systems on one corpus, and the settings that a candidate of the search stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from graphmer.config.load import load_config
from graphmer.config.schema import Config
from graphmer.systems import SYSTEMS

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Candidate:
    """Settings of a system, relative to one of its recipes.

    Args:
        recipe: ``own``, that of its configuration file, or ``common``, the one for all systems.
        learning_rate: multiple of the recipe's learning rate.
        weight: multiple of the system's loss weight.
    """

    recipe: str = "own"
    learning_rate: float = 1.0
    weight: float = 1.0

    @property
    def key(self) -> str:
        """Short name, such as ``own-3-1``."""
        return f"{self.recipe}-{self.learning_rate:.3g}-{self.weight:.3g}"

    @classmethod
    def from_key(cls, key: str) -> "Candidate":
        recipe, learning_rate, weight = key.split("-")
        return cls(recipe, float(learning_rate), float(weight))


@dataclass(frozen=True)
class Claim:
    """Corpus, protocol and systems.

    Args:
        name: of its file: the corpus, for a claim about all systems.
        folder: of the claim; paths in it are relative to this folder.
        values: of its file.
        rules: of the search, the same for all corpora.
    """

    name: str
    folder: Path
    values: Mapping[str, Any]
    rules: Mapping[str, Any]

    @classmethod
    def read(cls, claim: str | Path) -> "Claim":
        """A claim by the name of its corpus, or by its file."""
        path = HERE / f"{claim}.yaml" if Path(claim).suffix == "" else Path(claim)
        rules = yaml.safe_load((HERE / "search.yaml").read_text())
        values = yaml.safe_load(path.read_text())
        if "base" in values:
            corpus = yaml.safe_load((path.parent / f"{values['base']}.yaml").read_text())
            values = {**corpus, "search_of": values["base"], **values}
        return cls(path.stem, path.parent, values, {**rules, **values.get("search", {})})

    @property
    def corpus(self) -> str:
        """Name under which results are stored: variants of systems are stored beside them."""
        return self.values.get("base", self.name)

    def __getitem__(self, field: str) -> Any:
        return self.values[field]

    @property
    def systems(self) -> list[str]:
        """Systems of the claim; for one about a corpus, all others that have a configuration as well."""
        given = list(self.values["systems"])
        if "base" in self.values:
            return given
        return given + [name for name in SYSTEMS if name not in given and self._file(name).is_file()]

    def _file(self, system: str) -> Path:
        return self.folder / self.values["files"].format(system=system)

    def entry(self, system: str) -> Mapping[str, Any]:
        """What the claim has for a system or variant.

        Raises:
            SystemExit: if the system has no configuration for the corpus.
        """
        if system not in self.systems:
            raise SystemExit(f"{self.name} has no system {system!r}; it has {', '.join(self.systems)}")
        return self.values["systems"].get(system) or {}

    def system_of(self, name: str) -> str:
        """The system that a variant is one of; a system itself."""
        return self.entry(name).get("of", name)

    def searched(self, system: str) -> bool:
        """Whether settings are searched: not where the claim says so, nor for what has no learning rate."""
        return self.entry(system).get("search", True) and self.learning_rate(system) is not None

    def recipes(self, system: str) -> list[str]:
        """Recipes that are compared; a system that is fitted by itself has only its own."""
        return ["own"] if SYSTEMS[self.config(system).model.system].fit else ["own", "common"]

    def learning_rate(self, system: str) -> str | None:
        """Setting that is the learning rate of a system, if it has one."""
        fitted = SYSTEMS[self.config(system).model.system].fit is not None
        return self.rules["fitted"].get(self.system_of(system)) if fitted else "training.learning_rate"

    def weight(self, system: str) -> str | None:
        """Setting that is the loss weight of a system."""
        return self.rules["weights"].get(self.system_of(system))

    def factors(self, system: str, step: str) -> list[float]:
        """Multiples that a step tries."""
        return self.rules["factors"].get(f"{step} of {system}", self.rules["factors"][step])

    def config(self, system: str, candidate: Candidate = Candidate(), *, epochs: float = 1.0) -> Config:
        """Configuration of a system with the settings of a candidate.

        Args:
            system: its name.
            candidate: settings.
            epochs: fraction of the epochs of every stage, and of a curriculum's teacher.
        """
        base = self.system_of(system)
        entry = self.values["systems"].get(base) or {}
        given = [*self.values.get("set", []), *entry.get("set", [])]
        path = self.folder / entry["config"] if "config" in entry else self._file(base)
        if candidate.recipe == "common" and "common" in entry:
            path = self.folder / entry["common"]
        config = load_config(path, given)
        if candidate.recipe == "common" and "common" not in entry:
            config = load_config(path, given := [*given, *self._common(config)])
        if candidate.learning_rate != 1:
            given.append(multiplied(config, self.learning_rate(system), candidate.learning_rate))
        if candidate.weight != 1:
            given.append(multiplied(config, self.weight(system), candidate.weight))
        if base != system:
            given += self.entry(system).get("set", [])
        if epochs != 1 and config.stages(SYSTEMS):
            given.append(stages_setting(config, lambda _, each: max(1, round(each * epochs))))
        if epochs != 1 and config.curriculum is not None:
            teacher = max(1, round(config.curriculum.teacher.epochs * epochs))
            given.append(f"curriculum.teacher.epochs={teacher}")
        return load_config(path, given)

    def _common(self, config: Config) -> list[str]:
        """Settings of the common recipe: its training, and stages as long as its last one."""
        common = self.rules["common"]
        last = config.stages(SYSTEMS)[-1].epochs
        settings = [f"training.{name}={value}" for name, value in common["training"].items()]
        stages = stages_setting(
            config, lambda _, each: max(1, round(each * common["epochs"] / last)), mask=common["mask"]
        )
        return [*settings, stages]


def multiplied(config: Config, field: str | None, factor: float) -> str:
    """Setting with a multiple of a value of a configuration."""
    if field is None:
        raise SystemExit(f"{config.model.system} has nothing to multiply by {factor}")
    return f"{field}={float(f'{value_of(config, field) * factor:.4g}')}"


def value_of(config: Config, field: str) -> Any:
    """Value of a field by its name with dots."""
    value: Any = config
    for part in field.split("."):
        value = getattr(value, part)
    return value


def stages_setting(config: Config, epochs: Any, mask: str | None = None) -> str:
    """Setting with the stages of a configuration, their epochs changed, and the mask of the last one.

    Args:
        config: whose stages are taken.
        epochs: from number and epochs of a stage to its new epochs.
        mask: of the last stage; ``None`` for its own.
    """
    stages = [stage.model_dump() for stage in config.stages(SYSTEMS)]
    for number, stage in enumerate(stages):
        stage["epochs"] = epochs(number, stage["epochs"])
    if mask is not None:
        stages[-1]["mask"] = mask
    return f"training.stages={yaml.safe_dump(stages, default_flow_style=True, width=10**6).strip()}"
