"""Records of one file, in any format and spelling that teams have: `read_records`.

What belongs here: formats, compression, encodings, line breaks, and the place of what is broken. What does not: what the
columns mean.

    content (decompressed, bounded) → encoding → lines → records;   parquet → records
"""

from embtune_trainer.prepare.records.read import first_fields, read_records
from embtune_trainer.prepare.records.record import Record, Records, Remark, broken

__all__ = ["Record", "Records", "Remark", "broken", "first_fields", "read_records"]
