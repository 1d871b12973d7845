"""A custom dialogue graph, through the library and without a configuration file.

Needs nothing but graphmer: it trains on simulated dialogues for about a minute, so its scores say nothing
about real speech. Shows a custom edge rule, training, one missing-modality protocol, and the prediction of a
dialogue written by hand in which some turns lack some modalities.

    python examples/custom_graph.py
"""

import torch
from lightning_fabric import Fabric

import graphmer as gm
from graphmer.systems.graphmer import GraphmerSettings


def earlier(dialogue: gm.Dialogue) -> torch.Tensor:
    """A custom edge rule: edges to each turn from the third last turn of the same speaker."""
    edges = []
    for number in range(len(dialogue.speakers)):
        turns = torch.nonzero(dialogue.speaker == number).squeeze(1)
        edges.append(torch.stack([turns[:-3], turns[3:]]))
    return torch.cat(edges, dim=1)


corpus = gm.simulate(
    sessions=(20, 20, 10), widths={"audio": 32, "text": 48}, separation={"audio": 1.5, "text": 2.0}
)
train, validation, test = ([d for d in corpus.dialogues if d.session == session] for session in "123")
standardise = gm.Standardiser.fit(train)

build = gm.GraphBuilder(
    {"context": gm.TemporalWindow(past=10, future=10), "own": gm.SameSpeaker(), "earlier": earlier},
    corpus.labels,
)
parts = {
    name: gm.GraphDataset([standardise(d) for d in dialogues], build)
    for name, dialogues in {"train": train, "validation": validation, "test": test}.items()
}
signature = gm.Signature(widths=corpus.widths, outputs=corpus.labels.outputs, relations=build.relations)
network = GraphmerSettings(
    width=64,
    depth=2,
    dropout=0.3,
    block="preln",
    positions=True,
    message_passing=gm.MessagePassingSettings(width=64),
)
torch.manual_seed(1)  # of the weights
model = gm.ModelSettings(network=network, signature=signature).build()

half = gm.protocol("rate:0.5", tuple(corpus.widths))
complete, mixed = (gm.protocol(name, tuple(corpus.widths)) for name in ("complete", "mixed"))
objectives = gm.SYSTEMS["graphmer"].objectives
stages = [
    gm.Stage("experts", 3, objectives["unimodal"], complete, select=False),
    gm.Stage("mixing", 15, objectives["mixing"], mixed),
]


def accuracy(model: torch.nn.Module, part: gm.GraphDataset) -> float:
    """Accuracy with half of the modalities missing."""
    found = gm.evaluate(
        model, part, {"half": half}, corpus.labels, seed=0, nodes=2000, device=torch.device("cpu")
    )["half"]
    return float((found.predicted == found.target).float().mean())


selected = gm.Trainer(Fabric(accelerator="cpu"), gm.Optimization(batch_nodes=300), seed=1).fit(
    model,
    stages,
    parts["train"],
    lambda m: accuracy(m, parts["validation"]),
    lambda epoch: print(f"{epoch.stage} {epoch.number}: {epoch.losses}"),
)
print(f"SIMULATED: epoch {selected.epoch}, accuracy at rate 0.5: {accuracy(model, parts['test']):.3f}")

one = test[0]
chat = gm.Dialogue.from_utterances(
    "chat",
    [
        gm.Utterance("Ann", {"text": one.features["text"][0], "audio": one.features["audio"][0]}),
        gm.Utterance("Bob", {"text": one.features["text"][1]}),  # no audio
        gm.Utterance("Ann"),  # nothing at all: only its neighbors have features
    ],
).with_modalities(corpus.widths)
with torch.inference_mode():
    probabilities = model.eval()(build(standardise(chat))).logits.softmax(dim=1)
for turn, probability in zip(chat.speaker.tolist(), probabilities, strict=True):
    best = int(probability.argmax())
    print(f"{chat.speakers[turn]}: {corpus.labels.names[best]} ({probability[best]:.2f})")
