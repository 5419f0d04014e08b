"""Fetching one public address: bounded in time and size, and never an address inside our own network."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpcore

from ingestion.errors import IngestionError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

USER_AGENT = "Clausebot/0.1 (reads licence texts)"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HELP = "check the network connection, or set CLAUSEBOT_MIRROR to a folder of texts"


class HostError(IngestionError):
    """A host could not be reached or does not answer in time: asking it again now is of no use."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, and how much, in bytes, a download may take.

    `total_s` covers everything from the look-up of the name to the last byte, redirects included.
    """

    connect_s: float = 5.0
    read_s: float = 10.0
    total_s: float = 30.0
    max_bytes: int = 5_000_000
    redirects: int = 5


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Download:
    """What an address served, where it was found after redirects, and as what type it was declared."""

    data: bytes
    url: str
    media_type: str


def fetch(
    url: str,
    *,
    timeout_s: float = DEFAULT_LIMITS.total_s,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
    allow_loopback: bool = False,
) -> bytes:
    """Return the bytes at `url`, as `download` does with these limits."""
    limits = Limits(total_s=timeout_s, max_bytes=max_bytes)
    return download(url, limits, allow_loopback=allow_loopback).data


def download(url: str, limits: Limits = DEFAULT_LIMITS, *, allow_loopback: bool = False) -> Download:
    """Read `url` over https and follow redirects to public https addresses.

    `allow_loopback` also lets plain http and loopback addresses through: it is for tests with a local server.
    Raises `HostError` where the host cannot be reached or is too slow, `IngestionError` for all else.
    """
    end = time.monotonic() + limits.total_s
    for _ in range(limits.redirects + 1):
        target = _checked(url, allow_loopback=allow_loopback)
        found = _request(target, limits, end, allow_loopback=allow_loopback)
        if isinstance(found, Download):
            return found
        url = urllib.parse.urljoin(target, found)
    raise IngestionError(f"{url} is reached only over more than {limits.redirects} redirects; give the final address.")


def _checked(url: str, *, allow_loopback: bool) -> str:
    """Return `url` as it goes on the wire (ASCII, no fragment)."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # UnicodeError is one
        raise IngestionError(f"{url} is not a web address; give one that starts with https://.") from None
    if parts.scheme != "https" and not (allow_loopback and parts.scheme == "http"):
        raise IngestionError(f"{url} is refused: only https addresses are read; give the https address.")
    if not host or parts.username is not None:
        raise IngestionError(f"{url} is not an address of a public text; give https://host/path without a user name.")
    host = f"[{host}]" if ":" in host else host
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return urllib.parse.urlunsplit((parts.scheme, host + port, path, query, ""))


def _request(url: str, limits: Limits, end: float, *, allow_loopback: bool) -> Download | str:
    """Return what `url` serves, or the address that it redirects to."""
    host = urllib.parse.urlsplit(url).hostname or url
    timeout = {"connect": limits.connect_s, "read": limits.read_s, "write": limits.read_s, "pool": limits.connect_s}
    # Compressed bytes could unpack to any size, so none are asked for.
    headers: Mapping[bytes | str, bytes | str] = {
        "Host": urllib.parse.urlsplit(url).netloc,
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
    }
    try:
        with (
            _pool(url, end, allow_loopback=allow_loopback) as pool,
            pool.stream("GET", url, headers=headers, extensions={"timeout": timeout}) as response,
        ):
            return _answer(url, response, limits)
    except httpcore.TimeoutException:
        raise HostError(f"{host} did not answer in time; try again later.") from None
    except (httpcore.ConnectError, httpcore.ProxyError) as error:
        raise HostError(f"{host} could not be reached ({_cause(error)}); {_HELP}.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise IngestionError(f"{url} could not be read ({_cause(error)}); try again later.") from None


def _answer(url: str, response: httpcore.Response, limits: Limits) -> Download | str:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if response.status in {301, 302, 303, 307, 308} and "location" in headers:
        return headers["location"]
    if response.status != HTTPStatus.OK:
        status = f"{response.status}{_phrase(response.status)}"
        raise IngestionError(f"{url} answered with status {status}; check the address.")
    if headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
        raise IngestionError(f"{url} sends compressed data unasked; save the text to a file and ingest that file.")
    data = bytearray()
    for piece in response.iter_stream():
        data += piece
        if len(data) > limits.max_bytes:
            raise IngestionError(
                f"{url} is larger than {limits.max_bytes:,} bytes; save the part you need and ingest that file."
            )
    return Download(bytes(data), url, headers.get("content-type", ""))


def _phrase(status: int) -> str:
    known = {item.value: item.phrase for item in HTTPStatus}
    return f" ({known[status]})" if status in known else ""


def _cause(error: Exception) -> str:
    text = str(error.__cause__ or error).rstrip(".") or type(error).__name__
    return text.split("] ", 1)[-1]  # `[Errno 111] Connection refused`


# --- connections -----------------------------------------------------------------------------------------------


@cache
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()  # reading the certificates takes longer than a small download


def _pool(url: str, end: float, *, allow_loopback: bool) -> httpcore.ConnectionPool:
    """Return a pool for one request; it uses the proxy that `HTTPS_PROXY` names, unless `NO_PROXY` names the host."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        backend = _GuardedBackend(end, allow_loopback=allow_loopback)
        return httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)
    # Names are resolved by the proxy, so the guard sees only the proxy's own host, which the operator chose;
    # addresses written as numbers are still checked here.
    _refuse_literal(parts.hostname or "", allow_loopback=allow_loopback)
    way = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    user = (urllib.parse.unquote(way.username), urllib.parse.unquote(way.password or "")) if way.username else None
    backend = _GuardedBackend(end, allow_loopback=allow_loopback, trusted=way.hostname)
    address = urllib.parse.urlunsplit((way.scheme, way.netloc.rpartition("@")[2], "", "", ""))
    return httpcore.HTTPProxy(address, user, ssl_context=_tls(), network_backend=backend)


def _refuse_literal(host: str, *, allow_loopback: bool) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host != "localhost" and not host.endswith(".localhost"):
            return
        address = ipaddress.ip_address("127.0.0.1")
    _refuse_private(host, str(address), allow_loopback=allow_loopback)


def _refuse_private(host: str, address: str, *, allow_loopback: bool) -> None:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    if (ip.is_global and not ip.is_multicast) or (allow_loopback and ip.is_loopback):
        return
    raise IngestionError(f"{host} is refused: it leads to {address}, which is not a public address; give a public one.")


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that were checked, so that a name cannot change its meaning in between."""

    def __init__(self, end: float, *, allow_loopback: bool, trusted: str | None = None) -> None:
        self._end = end
        self._allow_loopback = allow_loopback
        self._trusted = trusted
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _lookup(host, port, _left(self._end, timeout))
        if host != self._trusted:
            for address in addresses:
                _refuse_private(host, address, allow_loopback=self._allow_loopback)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, timeout, local_address, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.NetworkStream:
        left = _left(self._end, timeout)
        return _TimedStream(self._sockets.connect_tcp(address, port, left, local_address, options), self._end)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every read and write also ends at one common time, however slowly the bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, end: float) -> None:
        self._stream = stream
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._end, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._end, timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, _left(self._end, timeout))
        return _TimedStream(inner, self._end)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(end: float, timeout: float | None) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(left, timeout)


def _lookup(host: str, port: int, timeout: float) -> list[str]:
    """Resolve `host`; in a thread of its own, because the system's resolver knows no time-out."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(item[4][0]) for item in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="clausebot-dns", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(str(answer)) from answer
    return answer
