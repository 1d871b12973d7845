"""Cost of hardness, supports and their use in training, at the size of IEMOCAP with six emotions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.speed.sizes import WIDTHS
from benchmarks.speed.timing import in_turn, ratio

MODEL = Path(__file__).parents[1] / "accuracy" / "iemocap4" / "hardy.yaml"
DIALOGUES = 202
"""So many simulated ones of 36.6 turns have the 7,400 turns of IEMOCAP's 151."""


def measure(rounds: int) -> dict[str, Any]:
    from graphmer.cli.options import make_fabric
    from graphmer.config.load import load_config
    from graphmer.curriculum.curriculum import Curriculum
    from graphmer.curriculum.fitting import fit_teacher
    from graphmer.curriculum.hardness import Hardness, HardnessSettings
    from graphmer.curriculum.pacing import Pacing
    from graphmer.curriculum.teacher import TeacherSettings
    from graphmer.experiment.components import Components
    from graphmer.experiment.neighbors import neighbors
    from graphmer.graph.dataset import GraphDataset
    from graphmer.training.trainer import Trainer

    widths = ", ".join(f"{modality}: {width}" for modality, width in WIDTHS.items())
    data = f"data={{format: simulated, simulation: {{dialogues: {DIALOGUES}, widths: {{{widths}}}}}}}"
    components = Components(load_config(MODEL, [data, "encoder=none"]))
    fold = components.fold_data(components.folds[1], 1)
    train, labels, cpu = (
        GraphDataset(fold.train, components.build),
        components.corpus.labels,
        torch.device("cpu"),
    )
    nodes = components.config.training.batch_nodes
    made: dict[str, Any] = {}

    def fit() -> None:
        made["teacher"] = fit_teacher(
            train, labels.outputs, TeacherSettings(), nodes=nodes, seed=1, device=cpu
        )

    def measure_hardness() -> None:
        made["hardness"] = Hardness.measure(made["teacher"], train, labels, HardnessSettings(), device=cpu)

    def find_supports() -> None:
        made["supports"] = neighbors(fold.train, "cosine", 5, "bench")(5)

    few = max(1, rounds // 5)
    tables = in_turn({"teacher": fit}, few) | in_turn(
        {"hardness": measure_hardness, "supports": find_supports}, few
    )
    *_, last = components.stages
    mixed, copied = (
        Curriculum(
            train, made["hardness"], made["supports"], Pacing(), support_weight=1.0,
            distillation_weight=distillation, form=form,
        )
        for form, distillation in (("mixup", 1.0), ("context", 0.0))
    )  # fmt: skip
    curricula = {"plain": None, "mixed": mixed, "copied": copied}
    stages = {name: replace(last, epochs=1, curriculum=each) for name, each in curricula.items()}
    network = components.config.model.model_copy(update={"reconstruction": 0.0})
    plain = components.settings.model_copy(update={"network": network}).build()
    fabric, models = make_fabric("cpu", "32-true"), {"mixed": components.model()}

    def epoch(name: str) -> None:
        trainer, model = Trainer(fabric, components.optimization, seed=1), models.get(name, plain)
        trainer.fit(model, [stages[name]], train, lambda _: 0.0, lambda _: None, keep_last=True)

    times = in_turn({name: lambda name=name: epoch(name) for name in stages}, few)
    spent = {name: spread.median for name, spread in tables.items()}
    turns = sum(map(len, fold.train))
    return {
        "curriculum/tables": {
            "value": spent["hardness"] + spent["supports"],
            "detail": f"{turns:,} turns; hardness {spent['hardness']:.1f} s, "
            f"supports {spent['supports']:.1f} s; "
            f"before them a teacher is trained in {spent['teacher']:.0f} s",
            "seconds": {name: vars(spread) for name, spread in tables.items()},
        },
        "curriculum/epoch": ratio(times, "copied", "plain"),
        "curriculum/mixup": ratio(times, "mixed", "plain"),
    }
