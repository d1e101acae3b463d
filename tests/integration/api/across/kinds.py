"""Names and labels, versions, and lines with their templates."""

from integration.api.across.rule import GATE, JOB, LINE, VERSION, Rules
from integration.api.examples import SHA, SHORTEST

RULES: Rules = {
    "a line with a reserved name": (JOB, ("spec", "model"), "jobs", "spec.model: Invalid value: cannot be called jobs"),
    "a job's name with points": (JOB, ("metadata", "name"), "search.2026-01", None),
    "a job's name in capitals": (JOB, ("metadata", "name"), "Search", "metadata.name"),
    "a job's name of 254 characters": (JOB, ("metadata", "name"), "a" * 254, "metadata.name"),
    "a field of metadata that there is not": (JOB, ("metadata", "nam"), "search", 'unknown field "metadata.nam"'),
    "a field outside spec": (JOB, ("specs",), {}, 'unknown field "specs"'),
    "a label that is a number": (JOB, ("metadata", "labels"), {"tier": 3}, "cannot unmarshal number"),
    "a label that is no label": (JOB, ("metadata", "labels"), {"tier": "two words"}, "metadata.labels: Invalid value"),
    "a label with a name that cannot be one": (JOB, ("metadata", "labels"), {"two words": "a"}, "metadata.labels: Invalid value"),
    "labels without values": (JOB, ("metadata", "labels"), {"tier": None}, None),
    "no spec": (JOB, ("spec",), None, "spec: Required value"),
    "a version with a number and a uri": (
        VERSION,
        ("spec", "uri"),
        "s3://models/minilm",
        "spec: Invalid value: set exactly one of version and uri",
    ),
    "a version that is nothing": (
        VERSION,
        ("spec",),
        {"model": "search"},
        "spec: Invalid value: set exactly one of version and uri",
    ),
    "a version with half an identity": (
        VERSION,
        ("spec",),
        {"model": "search", "version": 3},
        "spec: Invalid value: version and digest belong together",
    ),
    "a registered version with a digest": (
        SHORTEST["ModelVersion"],
        ("spec", "digest"),
        SHA,
        "spec: Invalid value: version and digest belong together",
    ),
    "a version of a line with a reserved name": (
        VERSION,
        ("spec", "model"),
        "jobs",
        "spec.model: Invalid value: cannot be called",
    ),
    "a registered version on somebody's machine": (
        SHORTEST["ModelVersion"],
        ("spec", "uri"),
        "./minilm",
        "spec.uri: Invalid value: in a cluster, a model is hf://org/name",
    ),
    "a line without a template": (LINE, ("spec",), {}, None),
    "a line that is called like the jobs": (
        LINE,
        ("metadata", "name"),
        "jobs",
        "metadata.name: Invalid value: cannot be called jobs",
    ),
    "a line with points in its name": (LINE, ("metadata", "name"), "search.v2", "metadata.name: Invalid value"),
    "a line's name of 63 characters": (LINE, ("metadata", "name"), "a" * 63, None),
    "a line's name of 64 characters": (LINE, ("metadata", "name"), "a" * 64, "metadata.name"),
    "a template's label with a name that cannot be one": (
        LINE,
        ("spec", "template", "labels"),
        {"two words": "a"},
        "spec.template.labels: Invalid value: a label's name has at most 63 letters",
    ),
    "a template's label of 64 letters": (LINE, ("spec", "template", "labels"), {"a" * 64: "a"}, "spec.template.labels: Invalid"),
    "a template with the name of the line": (
        LINE,
        ("spec", "template", "spec", "model"),
        "search",
        'unknown field "spec.template.spec.model"',
    ),
    "a template with half a gate": (
        LINE,
        ("spec", "template", "spec", *GATE[1:]),
        {"metric": "exam/ndcg@10"},
        "spec.template.spec.promotion.gates[0]: Invalid value: set exactly one of min, max and minDelta",
    ),
    "a template with data on somebody's machine": (
        LINE,
        ("spec", "template", "spec", "data", "train", 0, "uri"),
        "train.jsonl",
        "spec.template.spec.data.train[0].uri: Invalid value: in a cluster",
    ),
}
