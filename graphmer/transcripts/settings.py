"""Settings of reading transcripts, as a configuration gives them."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from graphmer.settings import Settings
from graphmer.transcripts.columns import ROLES
from graphmer.transcripts.diarization import read_diarization
from graphmer.transcripts.speakers import merged_names
from graphmer.transcripts.transcript import Annotators, ReadingOptions, Unnamed


class ReadingSettings(Settings):
    """What the files of transcripts cannot answer; the same as the options of the commands that read them."""

    speakers: Unnamed = "refuse"
    """Speakers of turns without a name; by default such a file is refused."""
    roster: tuple[str, ...] = ()
    """The only names of speakers in the transcripts; by default they are found."""
    merge_gap: Annotated[float, Field(ge=0)] | None = 2.0
    """Longest pause in seconds between subtitles that are one turn; null: none are."""
    merge_speakers: dict[str, tuple[str, ...]] = Field(default={})
    """Names of one person: `{Ann: [ann, Ann (Host)]}`."""
    columns: dict[str, str] = Field(default={})
    """Columns of a table, or keys of JSON, by role: speaker, text, start, end, dialogue, turn, label."""
    rttm: Path | None = None
    """Who speaks when, for turns without the name of a speaker; relative to the configuration."""
    split_words: bool = False
    """Split segments of Whisper where the speaker of words changes."""
    tiers: tuple[str, ...] = ()
    """Tiers of utterances (ELAN, Praat), or their types; the top tiers by default."""
    annotators: Annotators = "refuse"
    """Label of a turn whose annotators disagree: that of most of them, or an error."""

    @field_validator("columns")
    @classmethod
    def _known_roles(cls, columns: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(columns) - set(ROLES)):
            raise ValueError(f"roles must be of {', '.join(ROLES)}; got {', '.join(unknown)}")
        return columns

    @field_validator("merge_speakers")
    @classmethod
    def _one_person_a_name(cls, names: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        merged_names(names)
        return names

    def options(self) -> ReadingOptions:
        """These settings as options of reading.

        Raises:
            CorpusError: if the diarization is invalid.
        """
        return ReadingOptions(
            unnamed=self.speakers,
            roster=self.roster,
            merge_gap=self.merge_gap,
            merge_speakers=merged_names(self.merge_speakers),
            columns=self.columns,
            rttm={} if self.rttm is None else read_diarization(self.rttm),
            split_words=self.split_words,
            tiers=self.tiers,
            annotators=self.annotators,
        )
