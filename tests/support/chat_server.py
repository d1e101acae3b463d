"""A local server that speaks OpenAI's chat completions over real HTTP, and fails as real ones do."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW = 2.0
"""seconds that a slow answer takes"""


@dataclass
class Chat:
    """What it was asked, and how it is going to answer."""

    url: str = ""
    faults: list[str] = field(default_factory=list)
    """One a request, in order, then good answers: 429, 500, garbage, html, slow, mute, 401, 400, quota."""
    seconds: float = 0.0
    """For a good answer."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def about(self) -> list[str]:
        """The last line of each prompt that was answered or not: the passage."""
        return [body["messages"][0]["content"].splitlines()[-1] for body in self.asked]


def queries_about(passage: str) -> list[str]:
    words = passage.split()
    return [f"what is {words[0]} {words[-1]}", f"where to find {words[1]} {words[-1]}"]


@contextmanager
def chat_server(*faults: str, seconds: float = 0.0) -> Iterator[Chat]:
    chat = Chat(faults=list(faults), seconds=seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with chat.lock:
                chat.asked.append(body)
                chat.headers.append({name.lower(): value for name, value in self.headers.items()})
                chat.now += 1
                chat.most_at_once = max(chat.most_at_once, chat.now)
                fault = chat.faults.pop(0) if chat.faults else ""
            try:
                self.answer(body, fault)
            except (BrokenPipeError, ConnectionResetError):
                pass  # nobody waited for it
            finally:
                with chat.lock:
                    chat.now -= 1

        def answer(self, body: dict[str, Any], fault: str) -> None:
            said = {"error": {"message": f"no: {self.headers.get('Authorization')}", "code": "insufficient_quota"}}
            if fault in ("429", "quota"):
                self.send(429, json.dumps(said if fault == "quota" else {"error": "slow down"}), **{"Retry-After": "0"})
            elif fault in ("500", "401", "400"):
                self.send(int(fault), json.dumps(said))
            elif fault == "garbage":
                self.send(200, '{"choices": [')
            elif fault == "html":
                self.send(200, "<html>Welcome</html>")
            elif fault == "mute":
                self.send(200, json.dumps({"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}))
            else:
                time.sleep(SLOW if fault == "slow" else chat.seconds)
                first, second = queries_about(body["messages"][0]["content"].splitlines()[-1])
                content = f'Here are two queries:\n\n1. "{first}"\n2. {second}\n'
                usage = {"prompt_tokens": 50, "completion_tokens": 12, "total_tokens": 62}
                choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
                self.send(200, json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}))

        def send(self, status: int, body: str, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
