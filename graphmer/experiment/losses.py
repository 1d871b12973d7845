"""Corpora of which modalities are lost by a protocol, as if they had never been recorded."""

import hashlib
from collections import Counter
from dataclasses import replace

from graphmer.corpora.base import Corpus, InMemoryCorpus
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.dialogue import Damage, NotAtRandom, protocol
from graphmer.dialogue.missing import MissingProtocol

SEED = 0
"""Seed of what is lost: part of the corpus, the same for every model."""


def lossy(corpus: Corpus, losses: str) -> Corpus:
    """Copy of a corpus without the modalities that a protocol loses.

    Args:
        corpus: as it was recorded.
        losses: name of the protocol. The exact posterior of a simulated corpus knows it.

    Raises:
        ValueError: if the protocol is unknown, corrupts features, or does not suit the labels.
    """
    law = of_corpus(protocol(losses, tuple(corpus.widths)), corpus)
    if isinstance(law, Damage):
        raise ValueError(f"must lose modalities; {law.name!r} corrupts them. Name it in `evaluation.others`.")
    dialogues = [dialogue.never_recorded(~law.keep(dialogue, SEED)) for dialogue in corpus.dialogues]
    digest = hashlib.sha256(f"{corpus.fingerprint} without {law.name}".encode()).hexdigest()
    fingerprint = digest[: len(corpus.fingerprint)]
    if isinstance(corpus, SimulatedCorpus):
        known = law if isinstance(law, NotAtRandom) else None
        return replace(corpus, dialogues=dialogues, fingerprint=fingerprint, law=known)
    return InMemoryCorpus(corpus.card, corpus.labels, corpus.widths, dialogues, corpus.official, fingerprint)


def of_corpus(found: MissingProtocol, corpus: Corpus) -> MissingProtocol:
    """The protocol; one that depends on emotions is given those of a corpus.

    Raises:
        ValueError: if such a protocol does not suit the labels.
    """
    if not isinstance(found, NotAtRandom):
        return found
    if corpus.labels.is_score:
        return found.of(corpus.labels, {})
    count = Counter(str(e) for d in corpus.dialogues for e in d.emotion if e is not None)
    return found.of(corpus.labels, {name: count[name] for name in corpus.labels.names})
