"""Mail over TLS to whom it is for; what a server says is told without the password."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.sinks.notices.outcomes import Later, Never, Outcome, Sent
from connectors.sinks.notices.senders import sender
from schemas.channels import Email
from tests.connectors.notices.test_apprise import MESSAGE
from tests.infra.alerting.receivers import Mails, mail

PASSWORD = "mailword"
TO_DANA = MESSAGE._replace(to="dana@floor.example")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def sent(box: Mails, security: str, ca_file: Path | None = None) -> Outcome:
    channel = Email(
        host="127.0.0.1", port=box.port, security=security,  # type: ignore[arg-type]
        sender="Pace <pace@floor.example>", username="pace", ca_file=ca_file,
    )  # fmt: skip
    return sender(channel, {"password": PASSWORD}).send(TO_DANA)


@pytest.mark.parametrize("security", ["STARTTLS", "TLS"])
def test_mail_goes_over_tls_and_to_no_server_that_nobody_trusts(
    certificate: Path, security: str
) -> None:
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(certificate)
    with mail(secure, at_once=security == "TLS") as box:
        assert sent(box, security, certificate) == Sent()
        assert [to for to, _ in box.mails] == [["dana@floor.example"]]
        untrusted = sent(box, security)
    assert isinstance(untrusted, Never)
    assert "certificate" in untrusted.reason


def test_what_passes_is_tried_again_and_what_does_not_is_not() -> None:
    with mail() as box:
        box.refuse = "450 greylisted"
        assert sent(box, "NONE") == Later("SMTP 450 greylisted")
        box.refuse = "550 no such user"
        assert sent(box, "NONE") == Never("SMTP 550 no such user")
        box.refuse_login = f"535 {PASSWORD} is wrong"
        assert sent(box, "NONE") == Never("SMTP 535 *** is wrong")


def test_a_person_without_an_address_is_named_as_what_to_mend() -> None:
    channel = Email(host="127.0.0.1", security="NONE", sender="a@floor.example")
    outcome = sender(channel, {}).send(MESSAGE)
    assert isinstance(outcome, Never)
    assert "people.yaml" in outcome.reason


def test_mail_leaves_this_machine_over_tls_alone() -> None:
    channel = Email(host="mail.floor.example", security="NONE", sender="a@floor.example")
    outcome = sender(channel, {}).send(TO_DANA)
    assert isinstance(outcome, Never)
    assert "STARTTLS or TLS" in outcome.reason
