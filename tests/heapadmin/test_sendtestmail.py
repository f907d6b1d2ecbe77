"""`manage.py sendtestmail`, against real mail servers: plain, with STARTTLS, with TLS from the start, and bad ones."""

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import threading
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from heapadmin.given_settings.mail import mail_server
from tests.mailbox import Mailbox
from tests.ports import free_port

PASSWORD = "p#a@s/s?w:o%r&d"
ADA = "ada@shop.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    form = serialization.Encoding.PEM
    private = key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(form))
    return file


@pytest.fixture
def context(certificate, monkeypatch):
    """TLS for servers; clients of this test trust its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def allowed(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login, login.password) == (ADA.encode(), PASSWORD.encode()), handled=False)


@contextlib.contextmanager
def serving(**options):
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


@pytest.fixture
def send(settings, capsys):
    """Sends by an EMAIL_URL; returns what the command printed."""

    def send(url, *arguments):
        for name, value in mail_server(url).items():
            setattr(settings, name, value)
        call_command("sendtestmail", "bob@shop.example", *arguments)
        return capsys.readouterr().out

    return send


def test_a_server_without_encryption(send):
    with serving() as (mailbox, port):
        words = send(f"smtp://127.0.0.1:{port}")

    assert words == f"127.0.0.1:{port} took the mail to bob@shop.example (no encryption): 250 OK\n"
    assert mailbox.to("bob@shop.example")[0]["Subject"] == "A test mail from Heapadmin"


def test_starttls_with_a_login(send, context):
    with serving(tls_context=context, authenticator=allowed, auth_required=True) as (mailbox, port):
        words = send(f"smtp+tls://{ADA}:{PASSWORD}@127.0.0.1:{port}")

    assert "(STARTTLS): 250 OK" in words
    assert len(mailbox.messages) == 1


def test_tls_from_the_start_with_the_settings_of_the_environment(context, tmp_path):
    options = {"ssl_context": context, "authenticator": allowed, "auth_require_tls": False}
    with serving(**options) as (mailbox, port):
        url = f"smtps://{ADA}:{PASSWORD}@127.0.0.1:{port}"
        result = subprocess.run(
            [sys.executable, django_settings.BASE_DIR / "manage.py", "sendtestmail", "bob@shop.example"],
            env=os.environ | {"EMAIL_URL": url, "DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"127.0.0.1:{port} took the mail to bob@shop.example (TLS from the start): 250 OK\n"
    assert len(mailbox.messages) == 1


def test_a_wrong_password_is_told_and_not_shown(send, context):
    with (
        serving(tls_context=context, authenticator=allowed, auth_required=True) as (mailbox, port),
        pytest.raises(CommandError, match="refuses the login in EMAIL_URL: 535") as error,
    ):
        send(f"smtp+tls://{ADA}:hunter2@127.0.0.1:{port}")

    assert "hunter2" not in str(error.value)
    assert mailbox.messages == []


def test_a_password_that_no_mail_server_takes_is_told_and_not_shown(send):
    login = {"auth_require_tls": False, "authenticator": allowed}
    with serving(**login) as (mailbox, port), pytest.raises(CommandError, match="holds a letter") as error:
        send(f"smtp://{quote(ADA)}:gr%C3%BCn@127.0.0.1:{port}")

    assert "ü" not in str(error.value)
    assert mailbox.messages == []


def test_a_server_that_refuses_the_mail_is_quoted(send):
    with serving() as (mailbox, port):
        mailbox.refusing = True

        with pytest.raises(CommandError, match=r"The server refuses the mail: 451 4\.3\.0 the disk is full"):
            send(f"smtp://127.0.0.1:{port}")


def test_a_server_without_starttls_is_told(send):
    with serving() as (_, port), pytest.raises(CommandError, match="STARTTLS extension not supported"):
        send(f"smtp+tls://127.0.0.1:{port}")


def test_a_server_that_speaks_no_tls_at_the_start_is_told(send):
    with serving() as (_, port), pytest.raises(CommandError, match="does not speak TLS from the start"):
        send(f"smtps://127.0.0.1:{port}")


def test_a_certificate_that_nobody_vouches_for_is_told(send, context, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")

    with serving(ssl_context=context) as (mailbox, port), pytest.raises(CommandError, match="certificate is not valid"):
        send(f"smtps://127.0.0.1:{port}")

    assert mailbox.messages == []


def test_nobody_there_is_told(send):
    with pytest.raises(CommandError, match=r"connecting to 127\.0\.0\.1:\d+ failed\. Connection refused"):
        send(f"smtp://127.0.0.1:{free_port()}")


def test_a_server_that_sends_a_letter_now_and_then_does_not_hold_it(send):
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener, over))
        dripping.start()
        try:
            with pytest.raises(CommandError, match="took more than 1 seconds"):
                send(f"smtp://127.0.0.1:{listener.getsockname()[1]}", "--seconds=1")
        finally:
            over.set()
            dripping.join()


def drip(listener, over):
    with listener.accept()[0] as client, contextlib.suppress(OSError):
        while not over.wait(0.1):
            client.sendall(b"2")


def test_without_a_server_it_says_where_the_mail_is(settings, tmp_path, capsys):
    settings.EMAIL_BACKEND = "heapadmin.mail_files.PrivateMailFiles"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")

    call_command("sendtestmail", "bob@shop.example")

    (file,) = (tmp_path / "mail").iterdir()
    assert capsys.readouterr().out == f"No mail was sent, because EMAIL_URL is not set. It is written to {file}.\n"
    assert "bob@shop.example" in file.read_text()


def test_an_address_that_is_none_is_refused():
    with pytest.raises(CommandError, match="valid email address"):
        call_command("sendtestmail", "bob")
