"""From request to answer."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from embtune_api.base_look import BaseLook
from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.errors import EmbtuneError
from embtune_api.learning_curve import CurveAsk, CurveInputs
from embtune_api.look import Look, LookRequest
from embtune_api.training import Training
from embtune_store import open_store
from embtune_trainer.look.curve import stage_curve
from embtune_trainer.look.describe import describe_file
from embtune_trainer.look.place import Place
from embtune_trainer.look.validation import validation_exam
from embtune_trainer.prepare.balance import balanced
from embtune_trainer.prepare.base_model import fetched
from embtune_trainer.prepare.examine import Examined, examine
from embtune_trainer.prepare.model_folder import check_model_folder
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.report import make_report
from embtune_trainer.prepare.sources import content_of, read_sources


def run_look(request: LookRequest, mirror: Path | None = None) -> Look:
    """Describe the files; with `data`, report on it as the first job of a new line would; with `base`, measure that.

    Args:
        mirror: a folder of models and data sets that is looked up before the hub.

    Raises:
        InvalidInput: what `prepare` would refuse of the data, in its words. A base that cannot be measured is told in the
            answer.
    """
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(request.folder), Outside(open_store(scratch), mirror=mirror))
        files = [describe_file(file, content_of(file.uri, place.folder, place.outside)) for file in request.files]
        if request.data is None:
            return Look(files=files)
        data = read_sources(request.data.train, request.data.split, place.folder, place.outside)
        examined = examine(data, request.data, Training(), datetime.now(UTC))
        examined = replace(examined, built=balanced(examined.built, request.data))
        look = Look(files=files, report=make_report(data, examined, frozen_here=True))
        if request.base is None:
            return look
        try:
            return look.model_copy(update=_measured(request.base, request.curve, request.data, examined, place))
        except EmbtuneError as error:
            return look.model_copy(update={"not_measured": str(error)})


def _measured(
    reference: BaseModelRef, curve: CurveAsk | None, data: Data, examined: Examined, place: Place
) -> dict[str, BaseLook | CurveInputs]:
    """The base, and what a curve takes. Raises EmbtuneError: no such model, or nothing to measure it on."""
    sides = examined.divided.sides
    exam = validation_exam(sides["validation"], data.split)
    if exam is None:
        raise EmbtuneError("no validation row asks anything, so the base cannot be measured. Hold out more rows for validation.")
    uri = reference.uri or ""
    with fetched(reference, place.folder, place.outside.mirror, place.outside, "--base-model") as found:
        check_model_folder(found.folder, uri)
        from embtune_trainer.look.base import measure_base  # torch takes its time, and most looks need none

        asked_of = len({row.question for row in sides["validation"]})
        base = measure_base(found.folder, uri, exam, asked_of, [*sides["train"], *sides["validation"]])
    if curve is None:
        return {"base": base}
    return {"base": base, "curve": stage_curve(curve, reference, exam, base.suite, examined.built, place)}
