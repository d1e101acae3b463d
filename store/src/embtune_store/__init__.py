"""Object storage behind one small protocol: a folder, memory, or S3.

What belongs here: reading, creating, swapping and copying objects; uploading and verifying folders of files. What does
not: what the objects mean. Keys come from `embtune_api.keys`, documents from `embtune_api.documents`.

`open_store(uri)` gives a `Store`; `documents` and `folders` are what callers do with one.
"""

from embtune_store.opening import open_store, probe
from embtune_store.protocol import Store, StoredObject, Tagged, Written

__all__ = ["Store", "StoredObject", "Tagged", "Written", "open_store", "probe"]
