"""What must never change by accident: it names what is published."""

from embtune_api.documents.files import FileEntry
from embtune_api.documents.publish import VersionManifest


def test_a_versions_identity_is_pinned() -> None:
    files = [FileEntry(path="model/b", size=2, sha256="22"), FileEntry(path="model/a", size=1, sha256="11")]
    manifest = VersionManifest(model="line", version=3, files=files)
    assert manifest.digest == VersionManifest(model="line", version=3, files=files[::-1]).digest
    assert manifest.digest == "7a854404b1a53027d3136d392b3c9aa62e86534bc0f22d633557ac41bd3e80ec"
