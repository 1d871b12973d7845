"""Settings of a whole model, and how it is built from them."""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, ValidationInfo

from graphmer.nn.heads import HeadSettings
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkSettings, Signature
from graphmer.settings import Settings
from graphmer.systems import SYSTEMS, System


def systems_of(info: ValidationInfo) -> Mapping[str, System]:
    """Systems by name that a validation knows: those of its context, or `SYSTEMS`."""
    systems: Mapping[str, System] = (info.context or {}).get("systems", SYSTEMS)
    return systems


def _of_its_system(value: Any, info: ValidationInfo) -> Any:
    """Settings of the system that they name, validated by this system alone."""
    if not isinstance(value, Mapping):
        return value
    systems = systems_of(info)
    name = value.get("system", next(iter(systems)))
    if not isinstance(name, str) or name not in systems:
        close = difflib.get_close_matches(str(name), systems, n=1)
        hint = f". Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"`system` must be one of {', '.join(systems)}; got {name!r}{hint}")
    return systems[name].settings.model_validate(value)


AnyNetworkSettings = Annotated[SerializeAsAny[NetworkSettings], BeforeValidator(_of_its_system)]
"""Settings of any system: a union over the systems, discriminated by ``system``, the first one by default."""


class ModelSettings(Settings):
    """Everything needed to build an `EmotionModel`."""

    network: AnyNetworkSettings
    """Settings of the chosen system."""
    signature: Signature
    """Inputs and outputs."""
    heads: HeadSettings = HeadSettings()
    """Decoder, change head and cause head."""

    def build(self, systems: Mapping[str, System] = SYSTEMS) -> EmotionModel:
        """A model with fresh weights, drawn from torch's global generator.

        Args:
            systems: systems by name.

        Raises:
            ValueError: if the system cannot do what is asked of it.
        """
        system = systems[self.network.system]
        check_system(system, self.signature, self.heads)
        return EmotionModel(system.network(self.network, self.signature), self.heads)


def check_system(system: System, signature: Signature, heads: HeadSettings) -> None:
    """Whether a system can be built for a signature and these heads.

    Raises:
        ValueError: naming the system and what it cannot do.
    """
    if signature.causal and not system.causal:
        raise ValueError(f"The system {system.name} reads later turns; set `causal` to false.")
    if system.fit is not None and heads.trained:
        raise ValueError(
            f"The system {system.name} is fitted without the trainer, which trains the heads; set "
            "`heads.decoder` to none, `heads.change` and `heads.cause` to false."
        )
