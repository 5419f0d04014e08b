"""A mail server on the loopback interface that takes, refuses or ignores what a test says; and its certificate."""

from __future__ import annotations

import socket
import ssl
from asyncio import AbstractServer
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


@dataclass
class Mailbox:
    """What the server took, and what it refuses."""

    refuse: Mapping[str, str] = field(default_factory=dict)
    """A recipient, or `DATA`, to the reply."""
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    sender: str = ""
    was_private: bool = False
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take or refuse a mail."""
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.recipients, self.sender = envelope.rcpt_tos, str(envelope.mail_from)
        assert server.transport is not None
        self.was_private = bool(session.ssl or server.transport.get_extra_info("sslcontext"))
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, who: Any) -> AuthResult:
        """Take one login."""
        assert isinstance(who, LoginPassword)
        self.logins.append((who.login.decode(), who.password.decode()))
        return AuthResult(success=who.password == b"right", handled=False)


class _OnAFreePort(Controller):
    """Listens on a port that the system chose."""

    def __init__(self, handler: Mailbox, **more: Any) -> None:
        self.socket = socket.create_server((HOST, 0))
        super().__init__(handler, hostname=HOST, port=self.socket.getsockname()[1], **more)

    def _create_server(self) -> Coroutine[Any, Any, AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self.socket, ssl=self.ssl_context)


@contextmanager
def serving(mailbox: Mailbox, **more: Any) -> Iterator[int]:
    """Run a server for a mailbox; give its port."""
    server = _OnAFreePort(mailbox, **more)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@contextmanager
def greeting(said: bytes | None) -> Iterator[int]:
    """Run a server that says one thing and hangs up; with none, it stays on the line and says nothing."""
    kept: list[socket.socket] = []

    def answer() -> None:
        try:
            line, _ = server.accept()
        except OSError:  # nobody came
            return
        if said is None:
            kept.append(line)
            return
        with line:
            line.sendall(said)

    with socket.create_server((HOST, 0)) as server:
        thread = Thread(target=answer)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for line in kept:
                line.close()


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 that nobody signed, and a server's side of TLS with it."""

    file: Path
    context: ssl.SSLContext


def certificate(folder: Path) -> Certificate:
    """Make a certificate for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "loopback.pem", folder / "loopback.key"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return Certificate(file, context)
