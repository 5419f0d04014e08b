"""A real web server on the loopback address, and the real mirror of official texts."""

import os
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

TEXT = b"EXAMPLE TERMS\n\n1. You may read this.\n"


class Handler(BaseHTTPRequestHandler):
    """Answers each path with one kind of good or bad behaviour."""

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        self.server.seen.append(f"CONNECT {self.path}")
        self.send_error(403)

    def do_GET(self):
        self.server.seen.append(self.path)
        with suppress(ConnectionError):
            self._answer(self.path.strip("/").partition("/")[0])

    def _answer(self, name):
        if name == "hang":
            self.server.stop.wait(5)
        elif name == "status":
            self._send(int(self.path.rpartition("/")[2]), b"no")
        elif name == "to":
            self._send(302, b"", Location=unquote(self.path.partition("/to/")[2]))
        elif name == "loop":
            self._send(301, b"", Location="/loop")
        elif name == "large":
            self._stream([b"x" * 1000] * 100, pause=0)
        elif name in {"drip", "drip-headers"}:
            self._stream([b"x"] * 200, pause=0.05, headers=name == "drip")
        elif name == "gzip":
            self._send(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
        elif name == "cut":
            self._send(200, b"half", **{"Content-Length": "1000"})
        elif name == "html":
            self._send(200, b"<h1>Page</h1><p>1. Words.</p>", **{"Content-Type": "text/html; charset=utf-8"})
        else:
            self._send(200, TEXT, **{"Content-Type": "text/plain"})

    def _send(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _stream(self, pieces, pause, *, headers=True):
        self.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if headers else b"X-Slow: "))
        for piece in pieces:
            if self.server.stop.is_set():
                return
            self.wfile.write(piece)
            time.sleep(pause)


@pytest.fixture
def server(monkeypatch):
    """The server's base address; `.seen` on `server.http` lists the paths asked for."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.seen, http.stop, http.daemon_threads = [], threading.Event(), True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Server(http)
    http.stop.set()
    http.shutdown()
    http.server_close()
    thread.join()


class Server:
    """The running server as tests see it."""

    def __init__(self, http):
        self.http = http
        self.url = f"http://127.0.0.1:{http.server_port}"

    @property
    def seen(self):
        return self.http.seen


@pytest.fixture
def closed_port():
    """A port of the loopback address that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def corpus():
    """The folder of real official texts; they are not in the repository."""
    folder = Path(os.environ.get("CLAUSEBOT_MIRROR") or Path(__file__).parents[3] / "shared" / "corpus")
    if not (folder / "index.csv").is_file():
        pytest.skip(f"no mirror of official texts at {folder}; name one with CLAUSEBOT_MIRROR")
    return folder
