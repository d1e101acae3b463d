"""Files on volumes of the cluster, `pvc://claim/path`: each claim that a job names is mounted as a folder of its own.

Whoever fills a volume need not be who runs the job, and beside its folder lie the credentials of the pod. So neither `..` nor a
link leads out of it.
"""

import re
from pathlib import Path

from embtune_api.errors import InvalidInput
from embtune_api.reach import CLAIM_URI
from embtune_trainer.prepare.files import file_content


def claim_content(uri: str, claims: Path | None, field: str) -> bytes:
    """The bytes of one file.

    Args:
        claims: a folder with a folder for each claim; None: nobody has said where they are.
        field: the field of the spec that asks, such as `data.train[0]`.

    Raises:
        InvalidInput: it is not there, cannot be read, or lies outside of the claim.
    """
    match = re.fullmatch(CLAIM_URI, uri)
    if match is None:
        raise InvalidInput(f"{field}.uri: {uri} names no file of a claim. Give pvc://claim/path/of/the/file.")
    claim, path = match["claim"], match["path"]
    if claims is None:
        raise InvalidInput(
            f"{field}.uri: {uri} lies on a volume of a cluster. For a local run put the file at <folder>/{claim}/{path} and set "
            f"EMBTUNE_CLAIMS=<folder>, or give a path."
        )
    folder = claims / claim
    if not folder.is_dir():
        raise InvalidInput(f"{field}.uri: there is no claim {claim} in {claims}, which {uri} lies on. Correct the claim's name.")
    file = (folder / path).resolve()
    if ".." in Path(path).parts or not file.is_relative_to(folder.resolve()):
        raise InvalidInput(f"{field}.uri: {uri} leads out of claim {claim}, and only what lies in it is read. Name a file in it.")
    return file_content(file, uri, field, f"Paths start at the root of the volume behind claim {claim}.")
