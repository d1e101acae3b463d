"""A job that learns from a cross-encoder that lies in a folder: from the spec to a version that names it."""

from pathlib import Path

from embtune_api.digest import sha256_hex, tree_digest
from support.command import embtune
from support.cross_encoders import train_reader
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.rows import tldr_pairs
from support.stored import StoredLine, read_json
from support.tiny_model import make_tiny_model


def test_margins_of_a_cross_encoder_are_learnt_and_the_version_says_whose(tmp_path: Path) -> None:
    rows = tldr_pairs(400)
    write_rows(tmp_path / "rows.jsonl", rows)
    tiny = make_tiny_model(tmp_path / "tiny", [text for row in rows for text in (row["anchor"], row["positive"])])
    reader = train_reader(tmp_path / "reader", tiny, [(row["anchor"], row["positive"]) for row in rows])
    job = write_job(
        tmp_path,
        "distilled",
        ["rows.jsonl"],
        data={"mine": {"perQuery": 2, "margin": {}}},
        training={
            "loss": {"name": "MarginMSE", "teacher": {"uri": "reader"}},
            "matryoshka": {"dims": [32, 8]},
            "epochs": 4,
            "evaluationSteps": 5,
        },
    )
    embtune("run", job, "--store", tmp_path / "store").ended(0)
    line = StoredLine(tmp_path / "store", NAMESPACE, MODEL)
    metadata = read_json(line.version(1) / "metadata.json")
    kept = [file for file in reader.rglob("*") if file.suffix in (".json", ".safetensors", ".txt")]
    digest = tree_digest((file.relative_to(reader).as_posix(), sha256_hex(file.read_bytes())) for file in kept)
    assert metadata["lineage"]["teacher"] == {"uri": "reader", "revision": None, "digest": digest}
    (report,) = (tmp_path / "store").rglob("train/*/report.json")
    told = read_json(report)
    curve = [point["loss"] for point in told["curve"]]
    assert sum(curve[-3:]) < 0.7 * sum(curve[:3])
    first, *_, last = [point["loss"] for point in told["validation"]["points"]]
    assert 0 < last < first, "validation rows, which are not mined, have margins too"
