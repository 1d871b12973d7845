"""XML that comes from others."""

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from graphmer.errors import CorpusError
from graphmer.transcripts.text_file import TextFile

_DECLARED = re.compile(r"<\?xml[^>]*\sencoding\s*=\s*[\"']([^\"']*)")
_WESTERN = frozenset({"iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})


def parsed(file: TextFile) -> Element:
    """Root of an XML document.

    A document type is refused: no entity is expanded, and no other file is opened.

    Raises:
        CorpusError: if it is no well-formed XML, has a document type, or is not in the encoding that it
            declares.
    """
    declared = _DECLARED.match(file.text.lstrip("\ufeff"))
    if file.encoding == "cp1252" and (declared is None or declared[1].lower() not in _WESTERN):
        name = "utf-8" if declared is None else declared[1]
        raise CorpusError(f"{file.path}: not in the encoding that it declares ({name}). Save it as UTF-8.")
    builder = TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise CorpusError(f"{file.path}:{line}: a document type is not read. Remove <!DOCTYPE ...>.")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(file.text.encode(), True)
    except expat.ExpatError as error:
        raise CorpusError(
            f"{file.path}:{error.lineno}: no well-formed XML ({expat.ErrorString(error.code)}). "
            "Export the file again."
        ) from None
    return builder.close()
