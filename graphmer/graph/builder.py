"""Construction of dialogue graphs with typed edges."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.graph.dialogue_graph import RESERVED, DialogueGraph
from graphmer.graph.edges import (
    ORDERS,
    RULES,
    SPEAKER_RELATIONS,
    EdgeRule,
    JointRule,
    Turns,
    order_of,
    speaker_relation_of,
)
from graphmer.typing import EdgeIndex


class GraphBuilder:
    """Builder of dialogue graphs from edge rules.

    A relation is named ``<rule>/<order>/<speaker relation>``, for example ``context/past/inter``: the rule
    that made the edge, whether its source is before, equal to or after its target, and whether both have the
    same speaker. Relations are numbered in the order of declaration, which no set or hash order can change.

    Args:
        rules: edge rules by name, in the order that numbers the relations; may be empty.
        labels: label space that encodes the annotations; without it, graphs have no ``emotion``.
        causal: drop every edge whose source is later than its target, for all rules.

    Raises:
        ValueError: if the name of a rule is empty or contains a ``/``.

    Example:
        >>> from graphmer.dialogue import Utterance
        >>> from graphmer.graph import TemporalWindow
        >>> build = GraphBuilder({"context": TemporalWindow(past=1, future=0)})
        >>> build.relations
        ('context/past/intra', 'context/past/inter')
        >>> graph = build(Dialogue.from_utterances("demo", [Utterance("A"), Utterance("B"), Utterance("B")]))
        >>> graph.edge_index.tolist(), graph.edge_type.tolist()
        ([[0, 1], [1, 2]], [1, 0])
    """

    def __init__(
        self, rules: Mapping[str, EdgeRule], labels: LabelSpace | None = None, *, causal: bool = False
    ) -> None:
        for name in rules:
            if not name or "/" in name:
                raise ValueError(f"The name of an edge rule must be non-empty and hold no '/'; got {name!r}.")
        self.rules = dict(rules)
        self.labels = labels
        self.causal = causal
        self.relations = tuple(
            f"{name}/{order}/{relation}"
            for name, rule in self.rules.items()
            for order in self._orders(rule)
            for relation in getattr(rule, "speaker_relations", SPEAKER_RELATIONS)
        )

    def settings(self) -> dict[str, Any]:
        """Rules and causality as plain values for a checkpoint; of a custom rule only the name is kept."""
        named = {kind: name for name, kind in RULES.items()}
        rules = {
            name: {"rule": named[type(rule)], **vars(rule)} if type(rule) in named else {"rule": "function"}
            for name, rule in self.rules.items()
        }
        return {"rules": rules, "causal": self.causal}

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], labels: LabelSpace, functions: Mapping[str, EdgeRule] | None = None
    ) -> "GraphBuilder":
        """Builder from the result of `settings`.

        Args:
            settings: result of `settings`.
            labels: label space that encodes the annotations.
            functions: custom rules by name.

        Raises:
            ValueError: if a custom rule is needed but not given.
        """
        rules: dict[str, EdgeRule] = {}
        for name, described in settings["rules"].items():
            arguments = {key: value for key, value in described.items() if key != "rule"}
            if described["rule"] != "function":
                rules[name] = RULES[described["rule"]](**arguments)
            elif functions is None or name not in functions:
                raise ValueError(
                    f"The graph has a custom rule, {name!r}; give it as rules={{{name!r}: ...}}."
                )
            else:
                rules[name] = functions[name]
        return cls(rules, labels, causal=settings["causal"])

    def _orders(self, rule: EdgeRule) -> tuple[str, ...]:
        orders: tuple[str, ...] = getattr(rule, "orders", ORDERS)
        return tuple(order for order in orders if not (self.causal and order == "future"))

    def edges(self, dialogue: Dialogue) -> tuple[EdgeIndex, torch.Tensor]:
        """Edges of all rules.

        Shapes:
            returns edge_index ``[2, E]`` and edge_type ``[E]``.

        Raises:
            ValueError: if a rule returns a turn outside the dialogue, or an edge that it does not declare.
        """
        return self._edges([dialogue], Turns.of([dialogue]))

    def _edges(self, dialogues: Sequence[Dialogue], turns: Turns) -> tuple[EdgeIndex, torch.Tensor]:
        """Edges of all rules among the turns of some dialogues."""
        number = {relation: position for position, relation in enumerate(self.relations)}
        indices, types = [torch.empty(2, 0, dtype=torch.long)], [torch.empty(0, dtype=torch.long)]
        for name, rule in self.rules.items():
            edges = self._made(name, rule, dialogues, turns)
            order, relation = order_of(edges), speaker_relation_of(edges, turns.speaker)
            table = torch.tensor(
                [[number.get(f"{name}/{o}/{p}", -1) for p in SPEAKER_RELATIONS] for o in ORDERS]
            )
            kind = table[order, relation]
            if bool((kind < 0).any()):
                undeclared = int(edges[1, int((kind < 0).nonzero()[0])])
                raise ValueError(
                    f"Rule {name!r} made an edge whose order or speaker relation it does not declare "
                    f"in dialogue {dialogues[int(turns.dialogue[undeclared])].id!r}; correct its `orders` or "
                    "`speaker_relations`."
                )
            indices.append(edges)
            types.append(kind)
        return torch.cat(indices, dim=1), torch.cat(types)

    def _made(self, name: str, rule: EdgeRule, dialogues: Sequence[Dialogue], turns: Turns) -> EdgeIndex:
        """Edges of one rule among the turns of some dialogues."""
        if isinstance(rule, JointRule):
            return self._causal(rule.among(turns))
        first, found = 0, []
        for dialogue in dialogues:
            found.append(self._checked(name, rule(dialogue), len(dialogue)) + first)
            first += len(dialogue)
        return torch.cat(found, dim=1)

    def _checked(self, name: str, edges: EdgeIndex, length: int) -> EdgeIndex:
        if not edges.numel():  # an empty list of pairs has no second dimension
            edges = torch.empty(2, 0)
        if edges.ndim != 2 or edges.shape[0] != 2:
            raise ValueError(f"Rule {name!r} must return edges of shape [2, E]; got {tuple(edges.shape)}.")
        edges = edges.long()
        if edges.numel() and not 0 <= int(edges.min()) <= int(edges.max()) < length:
            raise ValueError(
                f"Rule {name!r} names turns {int(edges.min())} to {int(edges.max())}; "
                f"turns are 0 to {length - 1}."
            )
        return self._causal(edges)

    def _causal(self, edges: EdgeIndex) -> EdgeIndex:
        return edges[:, edges[0] <= edges[1]] if self.causal else edges

    def __call__(self, dialogue: Dialogue) -> DialogueGraph:
        """Build the graph of one dialogue.

        Raises:
            ValueError: if a modality has the name of another graph attribute, or a rule returns invalid
                edges.
        """
        _require_free(dialogue.modalities)
        edge_index, edge_type = self.edges(dialogue)
        graph = DialogueGraph(
            available=dialogue.available,
            present=dialogue.present,
            speaker=dialogue.speaker,
            position=torch.arange(len(dialogue)),
            edge_index=edge_index,
            edge_type=edge_type,
            cause_turns=torch.tensor(sorted(dialogue.causes), dtype=torch.long),
            cause_edges=_cause_edges(dialogue),
            num_nodes=len(dialogue),
            dialogue_id=dialogue.id,
        )
        for modality, rows in dialogue.features.items():
            graph[modality] = rows
        if self.labels is not None:
            graph.emotion = self.labels.encode(dialogue.emotion)
        return graph

    def joined(self, dialogues: Sequence[Dialogue]) -> DialogueGraph:
        """Graph of several dialogues as a PyG batch of their graphs has it, without annotations.

        Much faster than a graph for each dialogue, as edges are made for all of them at once.

        Args:
            dialogues: with the same modalities; at least one.

        Raises:
            ValueError: as for one dialogue.
        """
        modalities = dialogues[0].modalities
        _require_free(modalities)
        turns = Turns.of(dialogues)
        edge_index, edge_type = self._edges(dialogues, turns)
        graph = DialogueGraph(
            available=torch.cat([dialogue.available for dialogue in dialogues]),
            present=torch.cat([dialogue.present for dialogue in dialogues]),
            speaker=turns.speaker,
            position=torch.cat([torch.arange(len(dialogue)) for dialogue in dialogues]),
            edge_index=edge_index,
            edge_type=edge_type,
            batch=turns.dialogue,
            num_nodes=len(turns),
            dialogue_id=[dialogue.id for dialogue in dialogues],
        )
        for modality in modalities:
            graph[modality] = torch.cat([dialogue.features[modality] for dialogue in dialogues])
        return graph


def _require_free(modalities: Iterable[str]) -> None:
    taken = sorted(set(modalities) & set(RESERVED))
    if taken:
        raise ValueError(f"Modality {taken[0]!r} has a reserved name; rename it. Reserved: {list(RESERVED)}.")


def _cause_edges(dialogue: Dialogue) -> EdgeIndex:
    """Annotated causes, from cause to turn, ``[2, P]``."""
    pairs = [(cause, turn) for turn, causes in sorted(dialogue.causes.items()) for cause in causes]
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
