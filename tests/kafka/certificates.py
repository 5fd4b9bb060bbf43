"""An authority of the test's own, and the certificates it signs, as files that Kafka and its clients read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

PAST = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Certificate:
    """Paths of PEM files: the certificate with its chain, its key, and both in one, as brokers want them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates.

    Attributes
    ----------
    file : Path
        Its own certificate, for those who trust it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self._authority = trustme.CA(organization_name=name)
        self.file = self._folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def sign(
        self, file: str, *hosts: str, name: str | None = None, expired: bool = False, password: str | None = None
    ) -> Certificate:
        """Return a certificate for these hosts, or for a client of this common name."""
        leaf = self._authority.issue_cert(
            *(hosts or (f"{name}.example",)),  # Java reads no certificate without any
            common_name=name,
            not_before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if expired else None,
            not_after=PAST if expired else None,
        )
        chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption(),
        )
        made = Certificate(*(self._folder / f"{file}{suffix}.pem" for suffix in ("", "-key", "-both")))
        made.certificate.write_bytes(chain)
        for path, content in ((made.key, key), (made.both, key + chain)):
            path.touch(mode=0o600)
            path.write_bytes(content)
        return made
