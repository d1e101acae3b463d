"""What `embtune data` and `embtune init` were told about files, without any."""

from collections.abc import Sequence

from embtune_api.look import ColumnLook, FileLook


def a_column(name: str, *, distinct: int = 500, words: int = 8, numeric: bool = False, filled: int = 500) -> ColumnLook:
    return ColumnLook(
        name=name,
        filled=filled,
        distinct=distinct,
        numeric=numeric,
        words_p50=words,
        words_p95=words * 2,
        words_max=words * 4,
        characters_p95=words * 12,
        values=[],
        rarest=1,
    )


def a_file(*columns: ColumnLook, header: Sequence[str] = ()) -> FileLook:
    return FileLook(uri="rows.csv", rows=500, columns=list(columns), header=list(header))
