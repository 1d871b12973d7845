"""Lines that the program of a transcript writes itself."""

import re

_BY_PROGRAM = re.compile(
    r"Transcribed by https?://\S+|(?:\S+ ){1,6}(?:started|stopped) transcription|"
    r"[#*_ ]*Transcription ended after [\d:]+[*_ ]*|"
    r"[#*_ ]*This editable transcript was computer generated and might contain errors\..*|"
    r"People can also change the text after it was created\.",
)
LEFT_OUT = "line of the program"
"""What reports call them."""


def is_by_program(line: str) -> bool:
    """Whether a program wrote a line without blanks around it: Otter, Teams or Meet.

    Example:
        >>> is_by_program("Ann Lee stopped transcription"), is_by_program("I stopped it")
        (True, False)
    """
    return _BY_PROGRAM.fullmatch(line) is not None
