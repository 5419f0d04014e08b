"""Writes a digest as a mail in plain text and HTML, and hands it to a mail server."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from textwrap import TextWrapper
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from bot.digest.errors import MailError
from bot.digest.model import Digest
from bot.digest.outline import Item, outline, web_address
from bot.digest.page import environment
from bot.digest.text import VERDICT_WORDS, moment, one_line
from bot.model import Verdict

COLOURS = {
    Verdict.ALLOWED: "#2f8f6b",
    Verdict.CONDITIONAL: "#e3a92b",
    Verdict.PROHIBITED: "#c7394b",
    Verdict.NEEDS_REVIEW: "#3d74c4",
    Verdict.UNKNOWN: "#9aa3b2",
}
"""Of the page's light form; mail clients keep only what stands in a tag."""
_TONES = {**{verdict.value: colour for verdict, colour in COLOURS.items()}, "bad": "#b3261e", "warn": "#b97a00"}
_TYPES = {".csv": ("text", "csv"), ".html": ("text", "html"), ".json": ("application", "json")}
_LINE = 76
_PORT = "is it set to the right port and kind of TLS?"


class Security(StrEnum):
    """How the connection to the mail server is kept private."""

    NONE = "none"
    """Not at all: a password goes in the clear. For a server on the same machine."""
    STARTTLS = "starttls"
    TLS = "tls"
    """From the first byte."""


DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server that takes our mail."""

    host: str
    port: int = 0
    """0: the usual one, 587 for STARTTLS, 465 for TLS, 25 for neither."""
    security: Security = Security.STARTTLS
    user: str = ""
    """Empty: no login."""
    password: str = field(default="", repr=False)
    timeout: float = 20.0
    """Seconds that each step may take."""
    ca_file: Path | None = None
    """Certificates that are trusted instead of the machine's own, in PEM."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom and to whom a digest goes."""

    sender: str
    """`name@example.com`, or with a name: `Clausebot <clausebot@example.com>`."""
    recipients: tuple[str, ...]
    unsubscribe: str = ""
    """A `mailto:` or `https:` address to leave the list."""
    page: str = ""
    """The web address of the whole page, if there is one."""


# -- writing -----------------------------------------------------------------------------------------------------------


def digest_mail(digest: Digest, envelope: Envelope, files: Mapping[str, bytes] = MappingProxyType({})) -> EmailMessage:
    """Return the mail of a digest, `files` attached by name; raises `MailError` for an address that is none.

    Its Message-ID follows from the week and the sender's domain, so a mail that is sent twice is one in most mailboxes.
    """
    sender = _address(envelope.sender)
    recipients = tuple(_address(recipient) for recipient in envelope.recipients)
    if not recipients:
        raise MailError("The digest has nobody to go to; name at least one mail address.")
    told = outline(digest)
    message = EmailMessage()
    message["Subject"] = one_line(told.subject, 150)
    message["From"], message["To"] = sender, recipients
    message["Date"] = digest.made_at
    name = f"{digest.week}-so-far" if digest.is_running else str(digest.week)
    message["Message-ID"] = f"<clausebot-digest-{name}@{sender.domain}>"
    message["List-Id"] = f"Clausebot weekly digest <digest.clausebot.{sender.domain}>"
    message["List-Post"] = "NO"
    if envelope.unsubscribe:
        message["List-Unsubscribe"] = f"<{_unsubscribe(envelope.unsubscribe)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    page = web_address(envelope.page)
    message.set_content(plain_text(digest, page), cte="quoted-printable")
    message.add_alternative(html(digest, page), subtype="html", cte="quoted-printable")
    for name, content in files.items():
        maintype, subtype = _TYPES.get(Path(name).suffix, ("application", "octet-stream"))
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message


def html(digest: Digest, page: str = "") -> str:
    """Return the HTML of a mail: tables and styles in the tags, which mail clients keep; nothing is loaded."""
    shares = [(COLOURS[v], word, digest.numbers.verdicts[v]) for v, word in VERDICT_WORDS.items()]
    return (
        environment()
        .get_template("mail.html")
        .render(
            digest=digest,
            outline=outline(digest),
            page=page,
            made_at=moment(digest.made_at, ZoneInfo(digest.zone)),
            shares=[share for share in shares if share[2]],
            tones=_TONES,
        )
    )


def plain_text(digest: Digest, page: str = "") -> str:
    """Return the text of a mail, in lines of at most 76 characters where words allow it."""
    return "\n".join(_text_lines(digest, page)) + "\n"


def _text_lines(digest: Digest, page: str) -> Iterator[str]:
    told = outline(digest)
    yield from (f"CLAUSEBOT, WEEKLY DIGEST: {told.title}", told.dates, "")
    yield from _wrapped(told.summary)
    if told.todo:
        yield ""
        for todo in told.todo:
            yield from _wrapped(todo.text, "! ")
    if told.figures:
        yield ""
        wide = max(len(figure.label) for figure in told.figures)
        for figure in told.figures:
            yield f"{figure.label:<{wide}}  {figure.value:>8}  {figure.change}"
    for section in (*told.sections, told.record):
        yield from ("", section.title.upper(), "-" * len(section.title))
        yield from _wrapped(section.lead)
        for item in section.items:
            yield from _item(item)
        for name in section.names:
            yield from _wrapped(f"{name.name} ({name.questions:,}×)", "* ")
        yield from [f"  {section.more}"] if section.more else ()
    if page:
        yield from ("", "The whole digest as a page:", page)
    yield from ("", "-- ", f"Made {moment(digest.made_at, ZoneInfo(digest.zone))} ({digest.zone}). Not legal advice.")


def _item(item: Item) -> Iterator[str]:
    yield from _wrapped(f"[{item.label}] {item.text}", "* ")
    yield from _wrapped(item.note, "  ")
    for line in item.lines:
        yield from _wrapped(line, "  - ")
    yield from _wrapped(" · ".join(item.facts), "  ")
    yield from _wrapped(item.url, "  ")


def _wrapped(text: str, mark: str = "") -> list[str]:
    indent = " " * len(mark)
    return TextWrapper(
        _LINE, initial_indent=mark, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ).wrap(text)


def _address(text: str) -> Address:
    """Read exactly one address; raises `MailError`."""
    with suppress(ValueError, IndexError):  # none or several; Python's own parser stumbles over an @ at the end
        read: Any = policy.default.header_factory("To", text if text.isprintable() else "")
        address: Address
        (address,) = read.addresses
        if address.username and address.domain and not read.defects:
            return address
    raise MailError(f"{one_line(text, 100)!r} is no mail address; write one as name@example.com.")


def _unsubscribe(address: str) -> str:
    if not (address.startswith("mailto:") and address.isprintable() and not set(address) & set(" <>,")):
        address = web_address(address)
    if not address:
        raise MailError("The address to leave the list must begin with mailto: or https://.")
    return address


# -- sending -----------------------------------------------------------------------------------------------------------


def send(message: EmailMessage, settings: SmtpSettings) -> Mapping[str, str]:
    """Hand a mail to the server; return the addresses that it refused, with its reasons: the others get the mail.

    Raises `MailError` where nobody gets it; then it may be sent again.
    """
    with _translated(settings), closing(_connected(settings)) as server:
        if settings.user:
            server.login(settings.user, settings.password)
        refused = server.send_message(message)
        with suppress(smtplib.SMTPException, OSError):  # it has the mail; how we part is no matter
            server.quit()
    return {address: _reply(*reply) for address, reply in refused.items()}


def _connected(settings: SmtpSettings) -> smtplib.SMTP:
    port = settings.port or DEFAULT_PORTS[settings.security]
    name = socket.gethostname()  # smtplib's own way to it may ask a name server, and wait
    if settings.security is Security.TLS:
        return smtplib.SMTP_SSL(settings.host, port, name, timeout=settings.timeout, context=_trusting(settings))
    server = smtplib.SMTP(settings.host, port, name, timeout=settings.timeout)
    if settings.security is Security.STARTTLS:
        try:
            server.starttls(context=_trusting(settings))
        except BaseException:
            server.close()
            raise
    return server


def _trusting(settings: SmtpSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise MailError(f"The certificates in {str(settings.ca_file)!r} cannot be read: {error}.") from error


@contextmanager
def _translated(settings: SmtpSettings) -> Iterator[None]:
    try:
        yield
    except (smtplib.SMTPException, OSError, ValueError) as error:
        port = settings.port or DEFAULT_PORTS[settings.security]
        server = f"The mail server {settings.host}:{port}"
        raise MailError(f"{server} {_what_failed(error, settings)}") from error


def _what_failed(error: Exception, settings: SmtpSettings) -> str:
    """Return the rest of the sentence that begins with the server's name."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"did not answer within {settings.timeout:g} s; is it reachable from here, and does it want TLS at once?"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = (f"{address}: {_reply(*reply)}" for address, reply in error.recipients.items())
        return f"refused all recipients: {'; '.join(said)}."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"refused {_refused(error, settings)}: {_reply(error.smtp_code, error.smtp_error)}."
    return _what_broke(error)


def _refused(error: smtplib.SMTPResponseException, settings: SmtpSettings) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"the login of {settings.user!r}"
        case smtplib.SMTPSenderRefused():
            return f"the sender {error.sender}"
    return "the mail"


def _what_broke(error: Exception) -> str:
    match error:
        case smtplib.SMTPServerDisconnected():
            return f"closed the connection before it had the mail; {_PORT}"
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted: {error.verify_message}. Name its issuer's certificate."
        case ssl.SSLError():
            return f"does not speak TLS as we do ({error.reason}); {_PORT}"
        case socket.gaierror():
            return "was not found; is its name right?"
        case ConnectionRefusedError():
            return "takes no connection; is it running, and is the port right?"
    return f"could not be used: {one_line(str(error), 200).rstrip('.')}."


def _reply(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {one_line(text, 200)}".rstrip(" .")
