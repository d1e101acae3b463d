"""The same jobs on real S3 servers: nothing but the store's address differs."""

import hashlib
import uuid
from pathlib import Path

import pytest

from servers.s3_server import S3Server
from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job

AGAINST_PRODUCTION = {"metric": "test/ndcg@10", "minDelta": -0.9, "against": "Production"}


@pytest.fixture(params=["minio", "versitygw"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, S3Server)
    return found


def test_two_jobs_from_data_to_production_and_back(server: S3Server, bench: Path, tmp_path: Path) -> None:
    env = {**server.environ(), "EMBTUNE_CACHE": str(tmp_path / "cache")}
    store = f"s3://{server.bucket}/{uuid.uuid4().hex}/models"

    def ask(*command: object) -> Told:
        return embtune(*command, "--store", store, "--namespace", NAMESPACE, env=env).ended(0)

    one = write_job(bench, "s3-first", ["first.jsonl"], training={"epochs": 1})
    assert f"{MODEL} v1 is in production" in embtune("run", one, "--store", store, env=env).ended(0).out
    again = embtune("run", one, "--store", store, env=env).ended(0)
    assert again.err.startswith("Nothing to do: ")
    assert again.processor < 2
    base = {"version": {"model": MODEL, "ref": "production"}}
    two = write_job(bench, "s3-second", ["other.jsonl"], base=base, gates=[AGAINST_PRODUCTION], training={"epochs": 1})
    status = embtune("run", two, "--store", store, "--json", env=env).ended(0).json["status"]
    assert status["modelVersion"]["stage"] == "Production"
    assert "over production v1" in status["verdict"]["gates"][0]["line"]

    assert [(v["version"], v["stage"]) for v in ask("versions", MODEL, "--json").json] == [(1, "Archived"), (2, "Production")]
    shown = ask("show", f"{MODEL}@production", "--json").json
    assert shown["evaluation"]["champion_version"] == 1
    assert ask("compare", f"{MODEL}@1", f"{MODEL}@2", "--json").json["queries"] > 100
    ask("report", f"{MODEL}@2", "--out", tmp_path / "page.html")
    assert f"--store {store} --namespace {NAMESPACE}" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "files are as they were published ✓" in ask("verify", f"{MODEL}@2").out
    ask("pull", f"{MODEL}@production", tmp_path / "pulled")
    listed = {f["path"]: f["sha256"] for f in shown["manifest"]["files"] if f["path"].startswith("model/")}
    files = [path for path in (tmp_path / "pulled").rglob("*") if path.is_file()]
    assert {f"model/{p.relative_to(tmp_path / 'pulled').as_posix()}": sha256(p) for p in files} == listed
    assert ask("rollback", MODEL, "--reason", "s3").out == f"{MODEL} v1 is in production again, v2 is rolled back\n"
    assert [h["transition"]["to_version"] for h in ask("history", MODEL, "--json").json] == [1, 2, 1]


@pytest.mark.parametrize(
    ("wrong", "bucket", "says"),
    [
        pytest.param({"AWS_SECRET_ACCESS_KEY": "wrong"}, "tests", "credentials", id="a wrong secret"),
        pytest.param({"AWS_ACCESS_KEY_ID": "nobody"}, "tests", "credentials", id="a user that is not there"),
        pytest.param({}, "no-such-bucket", "no-such-bucket", id="no such bucket"),
    ],
)
def test_a_store_that_refuses_is_told_before_any_work(
    server: S3Server, bench: Path, wrong: dict[str, str], bucket: str, says: str
) -> None:
    env = {**server.environ(), **wrong}
    job = write_job(bench, "refused", ["first.jsonl"])
    told = embtune("run", job, "--store", f"s3://{bucket}/models", env=env).ended(2)
    assert says in told.paragraph
    assert " started" not in told.err
    assert not any(secret in told.err for secret in (server.secret_key, "wrong"))
    assert says in embtune("versions", MODEL, "--store", f"s3://{bucket}/models", env=env).ended(2).paragraph


def test_a_server_that_is_not_there(bench: Path) -> None:
    env = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "x"}
    told = embtune("run", write_job(bench, "nowhere", ["first.jsonl"]), "--store", "s3://tests/models", env=env).ended(1)
    assert "127.0.0.1:9" in told.paragraph
    assert " started" not in told.err


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
