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

EMORYNLP = Card(
    name="EmoryNLP",
    licence="Apache-2.0",
    citation="Zahiri and Choi (2018): Emotion Detection on TV Show Transcripts with Sequence-based "
    "Convolutional Neural Networks. AAAI Workshop on Affective Content Analysis.",
    url="https://github.com/emorynlp/emotion-detection",
    note="Numbers of utterances have gaps; several speakers may share a turn.",
    counts={"dialogues": 897, "utterances": 12606},
)

RECCON = Card(
    name="RECCON",
    licence="CC BY-NC-SA 4.0 (DailyDialog); signed licence (IEMOCAP)",
    citation="Poria et al. (2021): Recognizing Emotion Cause in Conversations. Cognitive Computation 13, "
    "1317-1332.",
    url="https://github.com/declare-lab/RECCON",
    note="Emotional turns have the turns that cause them; a few labels of DailyDialog are misspelt.",
)

EDIREF = Card(
    name="EDiReF",
    citation="Kumar et al. (2024): SemEval 2024 - Task 10: Emotion Discovery and Reasoning its Flip in "
    "Conversation (EDiReF). SemEval.",
    url="https://github.com/LCS2-IIITD/EDiReF-SemEval2024",
    note="Each episode ends in a change of emotion and repeats turns of earlier episodes. The dialogues are "
    "those of MELD, under GPL-3.0, or of MaSaC.",
)

EMOCONTEXT = Card(
    name="EmoContext",
    citation="Chatterjee et al. (2019): SemEval-2019 Task 3: EmoContext Contextual Emotion Detection in "
    "Text. SemEval.",
    url="https://www.humanizing-ai.com/emocontext.html",
    note="Chats of three turns, of which the last is labelled; raw text, offensive in places.",
)

DAILYDIALOG = Card(
    name="DailyDialog",
    licence="CC BY-NC-SA 4.0",
    citation="Li et al. (2017): DailyDialog: A Manually Labelled Multi-turn Dialogue Dataset. IJCNLP.",
    url="http://yanran.li/dailydialog",
    note="Five of six turns are neutral.",
    counts={"dialogues": 13118, "utterances": 102979},
)

AVEC = Card(
    name="AVEC",
    licence="signed licence (SEMAINE)",
    citation="Schuller et al. (2012): AVEC 2012: The Continuous Audio/Visual Emotion Challenge. ICMI.",
    url="https://semaine-db.eu",
)

MER2023 = Card(
    name="MER2023",
    licence="signed licence",
    citation="Lian et al. (2023): MER 2023: Multi-label Learning, Modality Robustness, and Semi-Supervised "
    "Learning. ACM Multimedia.",
    url="http://merchallenge.cn/datasets",
    note="Single clips, not dialogues.",
)

CH_SIMS = Card(
    name="CH-SIMS",
    citation="Yu et al. (2020): CH-SIMS: A Chinese Multimodal Sentiment Analysis Dataset with Fine-grained "
    "Annotation of Modality. ACL.",
    url="https://github.com/thuiar/MMSA",
    counts={"utterances": 2281},
)

KNOWN = {"iemocap": IEMOCAP, "meld": MELD, "mosi": CMU_MOSI, "mosei": CMU_MOSEI}
"""Cards by the usual file name."""

SCORE_INTERVAL = (-3.0, 3.0)
"""Lowest and highest sentiment score of CMU-MOSI and CMU-MOSEI."""

_POLARITY = {
    -1: ("sad", "sadness", "angry", "anger", "frustrated", "fear", "disgust", "negative", "mad", "scared"),
    0: ("neutral", "surprise"),
    1: ("happy", "happiness", "excited", "joy", "positive", "joyful", "peaceful", "powerful"),
}


def polarity(names: tuple[str, ...]) -> dict[str, int]:
    """Polarity of the known class names: -1 negative, 0 neutral, 1 positive."""
    valence = {name: sign for sign, group in _POLARITY.items() for name in group}
    return {name: valence[name.casefold()] for name in names if name.casefold() in valence}
