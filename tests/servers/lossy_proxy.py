"""A proxy before an S3 server that loses requests and answers as a test tells it to."""

import http.client
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


Mishap = Callable[[Callable[[], Answer]], Answer | None]
"""What happens to a PUT: it is given a function that forwards it, and returns the answer, or None to drop the line."""


def lose_answer(forward: Callable[[], Answer]) -> None:
    """The server did what it was asked, and nobody hears of it."""
    forward()


def lose_request(forward: Callable[[], Answer]) -> None:
    """The server was never asked."""


def refuse(status: int, code: str) -> Mishap:
    """The server answers with an error and does nothing."""
    body = f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>".encode()
    return lambda _: Answer(status, [("Content-Type", "application/xml")], body)


@dataclass(frozen=True)
class LossyProxy:
    endpoint: str
    to: str = ""
    """Which PUTs have mishaps: those whose path ends so."""
    mishaps: deque[Mishap] = field(default_factory=deque)
    """Of the next such PUTs, one each; later ones pass."""


@contextmanager
def lossy_proxy(upstream: str, to: str = "") -> Iterator[LossyProxy]:
    """A proxy on a free port of the loopback. Requests stay as they were signed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    proxy = LossyProxy(f"http://127.0.0.1:{server.server_address[1]}", to)
    server.RequestHandlerClass = _handler(urlsplit(upstream).netloc, proxy)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(upstream: str, proxy: LossyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            meant = proxy.mishaps and self.path.partition("?")[0].endswith(proxy.to)
            self._answer(proxy.mishaps.popleft()(self._forward) if meant else self._forward())

        def do_GET(self) -> None:
            self._answer(self._forward())

        do_HEAD = do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

        def _forward(self) -> Answer:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(upstream, timeout=30)
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                return Answer(answer.status, answer.getheaders(), answer.read())
            finally:
                connection.close()

        def _answer(self, answer: Answer | None) -> None:
            self.close_connection = True
            if answer is None:
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            length = dict(answer.headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(answer.body))
            self.send_header("Content-Length", length)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

    return Handler
