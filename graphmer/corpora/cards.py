"""Dataset cards of known corpora, and the polarity of their classes."""

from graphmer.corpora.base import Card

IEMOCAP = Card(
    name="IEMOCAP",
    licence="signed licence of the University of Southern California; not redistributable",
    citation="Busso et al. (2008): IEMOCAP: interactive emotional dyadic motion capture database. "
    "Language Resources and Evaluation 42, 335-359.",
    url="https://sail.usc.edu/iemocap/",
    note="Label files of the 4- and 6-way tasks leave out turns of other emotions, so adjacent turns in the "
    "file are often not adjacent in the recording. Evaluate by session: no speaker is in two sessions.",
    counts={"dialogues": 151},
)

MELD = Card(
    name="MELD",
    licence="GPL-3.0",
    citation="Poria et al. (2019): MELD: A Multimodal Multi-Party Dataset for Emotion Recognition in "
    "Conversations. ACL.",
    url="https://affective-meld.github.io/",
    note="Utterance numbers have gaps and restart in every part; some clips are damaged.",
    counts={"dialogues": 1432, "utterances": 13708},
)

CMU_MOSI = Card(
    name="CMU-MOSI",
    licence="for research only (CMU Multimodal SDK)",
    citation="Zadeh et al. (2016): MOSI: Multimodal Corpus of Sentiment Intensity and Subjectivity Analysis "
    "in Online Opinion Videos. arXiv:1606.06259.",
    url="https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK",
    note="Monologues. Some published features were trained with labels of the usual test videos.",
    counts={"dialogues": 93, "utterances": 2199},
)

CMU_MOSEI = Card(
    name="CMU-MOSEI",
    licence="for research only (CMU Multimodal SDK)",
    citation="Bagher Zadeh et al. (2018): Multimodal Language Analysis in the Wild: CMU-MOSEI Dataset and "
    "Interpretable Dynamic Fusion Graph. ACL.",
    url="https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK",
    note="Monologues.",
)

KNOWN = {"iemocap": IEMOCAP, "meld": MELD, "mosi": CMU_MOSI, "mosei": CMU_MOSEI}
"""Cards by the usual file name."""

SCORE_INTERVAL = (-3.0, 3.0)
"""Lowest and highest sentiment score of CMU-MOSI and CMU-MOSEI."""

_POLARITY = {
    -1: ("sad", "sadness", "angry", "anger", "frustrated", "fear", "disgust", "negative"),
    0: ("neutral", "surprise"),
    1: ("happy", "excited", "joy", "positive"),
}


def polarity(names: tuple[str, ...]) -> dict[str, int]:
    """Polarity of the known class names: -1 negative, 0 neutral, 1 positive."""
    valence = {name: sign for sign, group in _POLARITY.items() for name in group}
    return {name: valence[name] for name in names if name in valence}
