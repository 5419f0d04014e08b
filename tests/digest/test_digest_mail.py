"""The mail says what the page says, in text and in HTML that mail clients keep, and reaches a real mail server."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bot.digest.errors import MailError
from bot.digest.mail import Envelope, Security, SmtpSettings, digest_mail, html, plain_text, send
from bot.digest.outline import outline
from tests.digest import invented
from tests.digest.browser import said_by
from tests.digest.smtp import HOST, Certificate, Mailbox, certificate, greeting, serving
from tests.digest.test_digest_page import DIGESTS, OUTSIDE, Reader, needs_chromium, squeezed, texts

ENVELOPE = Envelope(
    "Clausebot <clausebot@firma.example>",
    ("Legal Team <legal@firma.example>", "mira@firma.example"),
    unsubscribe="mailto:lists@firma.example?subject=leave",
    page="https://clausebot.firma.example/digest/2026-W47",
)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The server's certificate."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def mail() -> EmailMessage:
    """The mail of the realistic week."""
    return digest_mail(invented.realistic(), ENVELOPE)


def plain(port: int, **more: Any) -> SmtpSettings:
    """Return the settings for a server without TLS."""
    return SmtpSettings(HOST, port, Security.NONE, **more)


# -- what it says ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIGESTS)
def test_both_forms_say_everything(name: str) -> None:
    """As the page does; what an outline says stands in the text and in the HTML."""
    digest = DIGESTS[name]()
    text, read = squeezed(plain_text(digest)), Reader(html(digest))
    seen = squeezed(read.seen).replace("\N{NO-BREAK SPACE}", " ")
    told = [squeezed(said) for said in texts(outline(digest))]
    titles = {section.title for section in (*outline(digest).sections, outline(digest).record)}

    assert [said for said in told if said not in text and said not in titles] == []
    assert [title for title in titles if title.upper() not in text] == []
    assert [said for said in told if said not in seen] == []


@pytest.mark.parametrize("name", DIGESTS)
def test_the_html_is_what_mail_clients_keep(name: str) -> None:
    """Tables and styles in the tags, nothing to load or run, no classes, small enough not to be clipped at 102 kB."""
    markup = html(DIGESTS[name](), ENVELOPE.page)
    read = Reader(markup)

    assert read.open == []
    assert read.tags <= {"html", "head", "meta", "title", "body", "table", "tr", "td", "div", "span", "h1", "h2", "b",
                         "br", "a"}  # fmt: skip
    assert not read.attributes & {"class", "id", "src", "background"}
    assert not any(attribute.startswith("on") for attribute in read.attributes)
    assert all(address.startswith("https://") for address in read.addresses)
    assert "url(" not in markup
    assert not re.search(r"(?:flex|grid|position|var\()", re.sub(r">[^<]*<", "><", markup))
    assert len(markup.encode()) < 100_000


@pytest.mark.parametrize("name", ["realistic", "crowded", "quiet"])
def test_lines_of_the_text_are_short(name: str) -> None:
    """At most 76 characters, but for single words that are longer; no line ends in spaces but the signature's."""
    lines = plain_text(DIGESTS[name](), ENVELOPE.page).split("\n")

    assert [line for line in lines if len(line) > 76 and " " in line.strip()] == []
    assert [line for line in lines if line != line.rstrip()] == ["-- "]


def test_the_shares_of_the_verdicts_fill_the_bar() -> None:
    """In percent of the questions; a verdict that nobody got has no part of it."""
    shares = [int(share) for share in re.findall(r'<td width="(\d+)%" bgcolor', html(invented.realistic()))]

    assert shares == [18, 41, 13, 16, 13]
    assert "bgcolor" not in html(invented.quiet())


@needs_chromium
@pytest.mark.parametrize("width", [720, 390])
@pytest.mark.parametrize("name", ["realistic", "hostile"])
def test_no_text_of_a_mail_leaves_its_box(name: str, width: int) -> None:
    """On a screen and on a phone."""
    assert said_by(html(DIGESTS[name]()), OUTSIDE, width) == []


# -- the mail ----------------------------------------------------------------------------------------------------------


def test_a_mail_has_two_forms_and_the_headers_of_a_list(mail: EmailMessage) -> None:
    """Text first, so that a client shows the HTML if it can; no out-of-office reply, and one mail a week."""
    text, markup = mail.iter_parts()

    assert mail.get_content_type() == "multipart/alternative"
    assert (text.get_content_type(), markup.get_content_type()) == ("text/plain", "text/html")
    assert mail["Subject"] == "Licence digest 2026-W47: 135 questions; 2 reviews overdue"
    assert mail["From"] == ENVELOPE.sender
    assert mail["To"] == ", ".join(ENVELOPE.recipients)
    assert mail["Message-ID"] == "<clausebot-digest-2026-W47@firma.example>"
    assert mail["List-Id"] == "Clausebot weekly digest <digest.clausebot.firma.example>"
    assert mail["List-Unsubscribe"] == "<mailto:lists@firma.example?subject=leave>"
    assert (mail["List-Post"], mail["Auto-Submitted"], mail["Precedence"]) == ("NO", "auto-generated", "bulk")
    assert mail["Date"].datetime == invented.NOW
    assert ENVELOPE.page in text.get_content()
    assert ENVELOPE.page in markup.get_content()


def test_files_are_attached_beside_both_forms() -> None:
    """With their types, and byte for byte as they were."""
    files = {"2026-W47.csv": '\ufeff"ä"\r\n'.encode(), "2026-W47.html": b"<p>x</p>", "x.bin": b"\0\xff"}
    mail = digest_mail(invented.quiet(), ENVELOPE, files)
    first, *attached = mail.iter_parts()

    assert mail.get_content_type() == "multipart/mixed"
    assert first.get_content_type() == "multipart/alternative"
    assert {part.get_filename(): part.get_payload(decode=True) for part in attached} == files
    assert [part.get_content_type() for part in attached] == ["text/csv", "text/html", "application/octet-stream"]


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@", "@b.example", "a@b.example, c@d.example", "a@b.example\nBcc: x@y.example",
                "a b@c.d", "<a@b.example", "a@b.example\u202e"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    """Also what would add a header; the sentence names it."""
    with pytest.raises(MailError, match="is no mail address"):
        digest_mail(invented.quiet(), replace(ENVELOPE, recipients=(address,)))


def test_a_mail_needs_somebody_to_go_to() -> None:
    """And a way to leave the list that is one."""
    with pytest.raises(MailError, match="nobody to go to"):
        digest_mail(invented.quiet(), replace(ENVELOPE, recipients=()))
    with pytest.raises(MailError, match="must begin with mailto: or https://"):
        digest_mail(invented.quiet(), replace(ENVELOPE, unsubscribe="javascript:x"))


# -- sending -----------------------------------------------------------------------------------------------------------


def test_a_mail_arrives_as_it_was_written(mail: EmailMessage) -> None:
    """Through a real server, both forms and all headers; nobody is refused."""
    mailbox = Mailbox()
    with serving(mailbox) as port:
        assert send(mail, plain(port)) == {}

    (taken,) = mailbox.taken
    assert mailbox.recipients == ["legal@firma.example", "mira@firma.example"]
    assert mailbox.sender == "clausebot@firma.example"
    assert [part.get_content().replace("\r\n", "\n") for part in taken.iter_parts()] == [
        part.get_content() for part in mail.iter_parts()
    ]
    added = {"Content-Type", "X-Peer", "X-MailFrom", "X-RcptTo"}
    assert {n: value for n, value in taken.items() if n not in added} == {
        n: value for n, value in mail.items() if n not in added
    }


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_mail_goes_through_tls_with_a_login(mail: EmailMessage, tls: Certificate, security: Security) -> None:
    """From the first byte or after STARTTLS; the certificate is checked."""
    mailbox = Mailbox()
    how: dict[str, Any] = {
        Security.STARTTLS: {"tls_context": tls.context, "require_starttls": True, "auth_required": True},
        Security.TLS: {"ssl_context": tls.context, "auth_require_tls": False},
    }[security]
    with serving(mailbox, **how, authenticator=mailbox.authenticate) as port:
        settings = SmtpSettings(HOST, port, security, "clausebot", "right", ca_file=tls.file)
        send(mail, settings)

        with pytest.raises(MailError, match=r"has a certificate that is not trusted: .*self.signed"):
            send(mail, replace(settings, ca_file=None))

    assert len(mailbox.taken) == 1
    assert mailbox.was_private
    assert mailbox.logins == [("clausebot", "right")]


def test_a_wrong_password_is_said_without_the_password(mail: EmailMessage) -> None:
    """The sentence names server and user, with what the server said; settings do not show the password either."""
    mailbox = Mailbox()
    with serving(mailbox, authenticator=mailbox.authenticate, auth_require_tls=False) as port:
        settings = plain(port, user="clausebot", password="wrong-and-secret")  # noqa: S106 - a test's
        with pytest.raises(MailError) as raised:
            send(mail, settings)

    assert str(raised.value).startswith(f"The mail server {HOST}:{port} refused the login of 'clausebot': 535 ")
    assert "wrong-and-secret" not in str(raised.value) + repr(settings)


def test_recipients_that_are_refused_are_told_and_the_others_get_it(mail: EmailMessage) -> None:
    """Only where all are refused nobody gets it, and that is an error."""
    mailbox = Mailbox(refuse={"mira@firma.example": "550 5.1.1 no such person here"})
    with serving(mailbox) as port:
        assert send(mail, plain(port)) == {"mira@firma.example": "550 5.1.1 no such person here"}
        assert mailbox.recipients == ["legal@firma.example"]

        mailbox.refuse = {"mira@firma.example": "550 no", "legal@firma.example": "451 later"}
        with pytest.raises(MailError, match=r"refused all recipients: legal@\S+: 451 later; mira@\S+: 550 no\.$"):
            send(mail, plain(port))

    assert len(mailbox.taken) == 1


@contextmanager
def refusing(**refused: str) -> Iterator[int]:
    """Run a server that refuses."""
    with serving(Mailbox(refuse=refused)) as port:
        yield port


@pytest.mark.parametrize(
    ("server", "settings", "said"),
    [
        (lambda: refusing(DATA="552 too\u202e large"), {}, r"refused the mail: 552 too.* large\.$"),
        (lambda: greeting(b"554 go away\r\n"), {}, r"refused the mail: 554 go away\.$"),
        (lambda: greeting(b""), {}, r"closed the connection before it had the mail; is it set to the right port"),
        (lambda: greeting(None), {"timeout": 0.2}, r"did not answer within 0\.2 s; is it reachable"),
        (lambda: greeting(b"220 hello\r\n"), {"security": Security.TLS}, r"does not speak TLS as we do \(\w+\); is it"),
        (refusing, {"security": Security.STARTTLS}, r"could not be used: STARTTLS .*not supported"),
        (refusing, {"user": "a", "password": "b"}, r"could not be used: SMTP AUTH .*not supported"),
    ],
)
def test_what_the_server_does_is_one_clear_sentence(
    mail: EmailMessage, server: Any, settings: dict[str, Any], said: str
) -> None:
    """With the server's name first, and what to look at."""
    with server() as port:
        start = time.perf_counter()
        with pytest.raises(MailError, match=rf"^The mail server {re.escape(HOST)}:{port} {said}") as raised:
            send(mail, replace(plain(port), **settings))

    assert time.perf_counter() - start < 5
    assert "\n" not in str(raised.value)
    assert "\u202e" not in str(raised.value)


def test_a_server_that_is_not_there_is_told(mail: EmailMessage, tmp_path: Path) -> None:
    """Not running, of no such name, or trusted through a file that is none."""
    with greeting(b"") as port:
        pass

    with pytest.raises(MailError, match=r"takes no connection; is it running"):
        send(mail, plain(port))
    with pytest.raises(MailError, match=r"The mail server no\.such\.host\.invalid:587 was not found"):
        send(mail, SmtpSettings("no.such.host.invalid"))
    with serving(Mailbox()) as port, pytest.raises(MailError, match=r"certificates in '.*none\.pem' cannot be read"):
        send(mail, SmtpSettings(HOST, port, Security.TLS, ca_file=tmp_path / "none.pem"))
