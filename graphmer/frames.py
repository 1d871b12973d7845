"""Tables of plain values as pandas data frames; pandas is optional."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame


def data_frame(rows: Iterable[Mapping[str, Any]], types: Mapping[str, str] | None = None) -> "DataFrame":
    """Rows as a data frame.

    Args:
        rows: values by the name of their column, the same columns in each.
        types: pandas type of the columns that hold ``None``.

    Raises:
        ImportError: if pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ImportError:
        raise ImportError(
            'A data frame needs pandas, which is not installed. Run: pip install "graphmer[pandas]"'
        ) from None
    return DataFrame(list(rows)).astype(dict(types or {}))
