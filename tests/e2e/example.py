"""`make example`: what a platform team and a tenant have before embtune comes: buckets, users, data, a base model, Secrets.

And the chart's values for this cluster, in `.cache/cluster/values.yaml`. What is there already is brought up to date.
"""

import json
import subprocess
import sys

from cluster import life
from cluster.fixtures import Node
from cluster.place import KUBECONFIG
from e2e.goods import deliver_the_example
from e2e.installation import Object
from e2e.namespaces import RESTRICTED
from e2e.values import chart_values
from e2e.warehouse import stocked_warehouse

VALUES = KUBECONFIG.with_name("values.yaml")
OPERATOR_NAMESPACE, TENANT_NAMESPACE = "embtune-system", "search"


def main() -> None:
    node = Node()
    if not life.is_up() or not node.has_images():
        sys.exit("example: there is no cluster with embtune's images: run `make cluster-up images` first")
    warehouse = stocked_warehouse(node)
    say("the example's rows and base model go to s3://datasets")
    deliver_the_example(warehouse)
    for namespace, secret, keys in (
        (OPERATOR_NAMESPACE, "embtune-store", warehouse.platform.environ()),
        (TENANT_NAMESPACE, "datasets", warehouse.tenant_environ()),
    ):
        apply(node, {"kind": "Namespace", "metadata": {"name": namespace, "labels": dict([RESTRICTED.split("=")])}})
        apply(node, {"kind": "Secret", "metadata": {"name": secret, "namespace": namespace}, "stringData": keys})
        say(f"namespace {namespace} has the Secret {secret}")
    VALUES.write_text(json.dumps(chart_values(node, warehouse.chart_values()), indent=2))
    say(f"the chart's values for this cluster are in {VALUES}")


def apply(node: Node, body: Object) -> None:
    node.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps({"apiVersion": "v1", **body}))


def say(line: str) -> None:
    sys.stderr.write(f"example: {line}\n")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as refused:
        sys.exit(f"example: {refused.stderr}")
