"""From request to answer."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from embtune_api.data import Data
from embtune_api.look import Look, LookRequest
from embtune_api.reports import DataReport
from embtune_api.training import Training
from embtune_store import open_store
from embtune_trainer.look.describe import describe_file
from embtune_trainer.prepare.balance import balanced
from embtune_trainer.prepare.examine import examine
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.report import make_report
from embtune_trainer.prepare.sources import content_of, read_sources


def run_look(request: LookRequest) -> Look:
    """Describe the files; with `data`, report on it as the first job of a new line would.

    Raises:
        InvalidInput: what `prepare` would refuse, in its words.
    """
    folder = Path(request.folder)
    with tempfile.TemporaryDirectory() as scratch:
        outside = Outside(open_store(scratch))
        files = [describe_file(file, content_of(file.uri, folder, outside)) for file in request.files]
        report = None if request.data is None else _report(request.data, folder, outside)
    return Look(files=files, report=report)


def _report(wanted: Data, folder: Path, outside: Outside) -> DataReport:
    data = read_sources(wanted.train, wanted.split, folder, outside)
    examined = examine(data, wanted, Training(), datetime.now(UTC))
    return make_report(data, replace(examined, built=balanced(examined.built, wanted)), frozen_here=True)
