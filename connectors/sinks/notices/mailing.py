"""E-mail by a mail server: what its answers mean.

Sources: RFC 5321 (4yz passes, 5yz does not), RFC 8314 (TLS from the first byte on port 465).
"""

import smtplib
import ssl
from email.message import EmailMessage

from connectors.sinks.notices import payloads
from connectors.sinks.notices.outcomes import Later, Never, Outcome, Outgoing, Sent, hidden
from schemas.channels import Email


class Mailer:
    """One mail server; a message has a connection of its own, for there are few."""

    def __init__(self, channel: Email, password: str) -> None:
        """Prepare to mail.

        Raises:
            ValueError: the settings say nothing that is safe.
        """
        if channel.security == "NONE" and channel.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("security NONE is for a server on this machine; write STARTTLS or TLS")
        if channel.username and not password:
            raise ValueError("has a username and no password")
        self._channel, self._password = channel, password
        self._secure = ssl.create_default_context(cafile=channel.ca_file)

    def send(self, message: Outgoing) -> Outcome:
        """Return what became of a message."""
        channel = self._channel
        receivers = list(channel.to) or ([message.to] if message.to else [])
        if not receivers:
            return Never("nobody's address is known; add email to the person in people.yaml")
        mail = payloads.email(
            message.notice, message.at, channel.sender, ", ".join(receivers), channel.unsubscribe
        )
        try:
            return self._delivered(mail, receivers)
        except (smtplib.SMTPException, OSError) as error:
            return _meant(error, self._password, *receivers)

    def _delivered(self, mail: EmailMessage, receivers: list[str]) -> Outcome:
        with self._connected() as server:
            if self._channel.security == "STARTTLS":
                server.starttls(context=self._secure)
            if self._channel.username:
                server.login(self._channel.username, self._password)
            refused = server.send_message(mail, to_addrs=receivers)
        # Some of a shared mailbox's addresses may be taken: the message is out then.
        return Sent(f"{len(receivers) - len(refused)} of {len(receivers)} taken" if refused else "")

    def _connected(self) -> smtplib.SMTP:
        channel, seconds = self._channel, self._channel.timeout_seconds
        if channel.security == "TLS":
            return smtplib.SMTP_SSL(
                channel.host, channel.port, timeout=seconds, context=self._secure
            )
        return smtplib.SMTP(channel.host, channel.port, timeout=seconds)


def _meant(error: Exception, *secrets: str) -> Outcome:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _answered(*next(iter(error.recipients.values())), *secrets)
    if isinstance(error, smtplib.SMTPResponseException):  # authentication, sender, data
        return _answered(error.smtp_code, error.smtp_error, *secrets)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Never(f"its certificate is not trusted: {error.verify_message}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Never(f"the server cannot do what is asked: {error}")
    return Later(hidden(f"not reached: {error}", *secrets))


def _answered(code: int, text: bytes | str, *secrets: str) -> Outcome:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    reason = hidden(f"SMTP {code} {said}", *secrets)
    return Never(reason) if code >= 500 else Later(reason)
