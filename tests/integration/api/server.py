"""The API server, asked what it would do with a document: one connection, since there are thousands of questions."""

import json
import ssl
from dataclasses import dataclass
from http.client import HTTPResponse, HTTPSConnection
from typing import Any, Self
from urllib.parse import urlsplit

from embtune_api.resources import KINDS
from servers.control_plane import ControlPlane

Object = dict[str, Any]
_STRICT = "dryRun=All&fieldValidation=Strict"


@dataclass(frozen=True)
class Answer:
    accepted: bool
    object: Object
    """As it would be stored, if it was accepted."""
    message: str
    """Why not, if it was not."""


class Server:
    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace

    def __enter__(self) -> Self:
        plane = self.plane
        context = ssl.create_default_context(cafile=str(plane.ca))
        admin = plane.layout.folder / "certificates" / "admin"
        context.load_cert_chain(admin.with_suffix(".crt"), admin.with_suffix(".key"))
        address = urlsplit(plane.server)
        self._connection = HTTPSConnection(address.hostname or "", address.port, context=context, timeout=60)
        plane.kubectl("create", "namespace", self.namespace)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def would_create(self, document: Object) -> Answer:
        return self._asked("POST", f"{self._path(document)}?{_STRICT}", document)

    def create(self, document: Object) -> Object:
        answer = self._asked("POST", f"{self._path(document)}?fieldValidation=Strict", document)
        assert answer.accepted, answer.message
        return answer.object

    def would_replace(self, document: Object) -> Answer:
        return self._asked("PUT", f"{self._path(document)}/{document['metadata']['name']}?{_STRICT}", document)

    def apply_status(self, document: Object) -> Answer:
        """As the operator does it: server-side apply."""
        path = f"{self._path(document)}/{document['metadata']['name']}/status"
        query = "fieldManager=embtune&force=true&fieldValidation=Strict"
        return self._asked("PATCH", f"{path}?{query}", document, "application/apply-patch+yaml")

    def _path(self, document: Object) -> str:
        return f"/apis/embtune.dev/v1alpha1/namespaces/{self.namespace}/{KINDS[document['kind']].names.plural}"

    def _asked(self, method: str, path: str, body: Object, content: str = "application/json") -> Answer:
        question = (method, path, json.dumps(_as_kubectl(body)), {"Content-Type": content})
        try:
            response = self._answer(*question)
        except OSError:  # the server has closed the connection, since nobody asked anything for minutes
            self._connection.close()
            response = self._answer(*question)
        answer = json.loads(response.read())
        accepted = response.status in (200, 201)
        return Answer(accepted, answer if accepted else {}, "" if accepted else answer["message"])

    def _answer(self, method: str, path: str, body: str, headers: dict[str, str]) -> HTTPResponse:
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()


def _as_kubectl(value: Any) -> Any:
    """Go writes the number 2.0 as 2."""
    if isinstance(value, dict):
        return {name: _as_kubectl(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_kubectl(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
