"""A broker that lets nobody in without a login or a certificate, and lets nobody do what an ACL does not say.

One listener without either is left for the test itself: on it everybody is the cluster's administrator.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from streams.acls import ROLES
from streams.acls_admin import apply, grants
from streams.loopback import HOST, free_ports
from streams.settings import Settings
from streams.topics import Role
from tests.kafka.broker import Broker
from tests.kafka.certificates import Authority, Certificate

MECHANISM = "SCRAM-SHA-512"
LISTENERS: Mapping[str, str] = {
    "SCRAM": "SASL_SSL",
    "OPEN": "SASL_PLAINTEXT",
    "MUTUAL": "SSL",
    "EXPIRED": "SASL_SSL",
    "ELSEWHERE": "SASL_SSL",
}
"""Each listener and its protocol. The last two show a certificate that has expired, and one for another host."""

NOBODY, LEAVER = "nobody", "leaver"
USERS: tuple[str, ...] = (*ROLES, NOBODY, LEAVER)
"""Who may log in: a user of each role's name, one without rights, and one whose password is changed."""


TELLTALE = "hunter2"
"""In every password, so that it can be looked for where none should be."""


def password_of(user: str) -> str:
    return f"{user}-{TELLTALE}-{TELLTALE}"


class SecuredBroker(Broker):
    """A broker with TLS, SCRAM, mutual TLS and its authorizer on.

    Parameters
    ----------
    folder : Path
        For keys and certificates.
    """

    def __init__(self, *, folder: Path) -> None:
        self.authority = Authority(folder, "authority")
        self.stranger = Authority(folder, "stranger")
        own = self.authority.sign("broker", HOST)
        self._clients: dict[str, Certificate] = {}
        self._listeners: dict[str, Certificate] = {
            "EXPIRED": self.authority.sign("expired", HOST, expired=True),
            "ELSEWHERE": self.authority.sign("elsewhere", "kafka.example"),
        }
        self._own = own
        self._ports = dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True))
        super().__init__()

    def at(self, listener: str) -> str:
        """Return a listener's address."""
        return f"{HOST}:{self._ports[listener]}"

    def login(self, user: str, listener: str = "SCRAM", **more: object) -> dict[str, object]:
        """Return the settings with which `user` logs in."""
        trust = {"ssl_ca_file": str(self.authority.file)} if LISTENERS[listener].endswith("SSL") else {}
        return {
            "broker": self.at(listener),
            "security_protocol": LISTENERS[listener],
            "sasl_mechanism": MECHANISM,
            "sasl_username": user,
            "sasl_password": password_of(user),
            **trust,
            **more,
        }

    def identify(self, user: str, **more: object) -> dict[str, object]:
        """Return the settings with which `user` shows a certificate instead."""
        if user not in self._clients:
            self._clients[user] = self.authority.sign(user, name=user)
        shown = self._clients[user]
        return {
            "broker": self.at("MUTUAL"),
            "security_protocol": LISTENERS["MUTUAL"],
            "ssl_ca_file": str(self.authority.file),
            "ssl_cert_file": str(shown.certificate),
            "ssl_key_file": str(shown.key),
            **more,
        }

    async def give_rights(self, namespace: str, *others: tuple[Role, str]) -> None:
        """Give each role's rights in `namespace` to the user of its name, and to these others."""
        principals: dict[Role, tuple[str, ...]] = {role: (f"User:{role}",) for role in ROLES}
        for role, user in others:
            principals[role] = (*principals[role], f"User:{user}")
        await apply(Settings(broker=self.bootstrap, namespace=namespace), grants(namespace, principals))

    def change_password(self, user: str, password: str) -> None:
        """Give `user` another password, as an administrator would; who is connected stays so until a restart."""
        how = ("--alter", "--entity-type", "users", "--entity-name", user)
        what = f"{MECHANISM}=[password={password}]"
        command = self._command(
            "kafka.admin.ConfigCommand", "--bootstrap-server", self.bootstrap, *how, "--add-config", what
        )
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def failed_logins(self) -> int:
        """Return how many connections the broker has refused so far."""
        return self.log.read_text(errors="replace").count("Failed authentication with")

    def _configure(self, controller: int, settings: Mapping[str, str]) -> None:
        protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **LISTENERS}
        addresses = {"PLAINTEXT": self.bootstrap, **{name: self.at(name) for name in LISTENERS}}
        shown = [f"{name}://{address}" for name, address in addresses.items()]
        secured = {
            "listeners": ",".join([*shown, f"CONTROLLER://{HOST}:{controller}"]),
            "advertised.listeners": ",".join(shown),
            "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
            "sasl.enabled.mechanisms": MECHANISM,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._own.both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
            "listener.name.mutual.ssl.client.auth": "required",
            # The name in a client's certificate is its user.
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "false",
            "connection.failed.authentication.delay.ms": "50",
        }
        for name, protocol in LISTENERS.items():
            if protocol.startswith("SASL_"):
                module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                secured[f"listener.name.{name.lower()}.{MECHANISM.lower()}.sasl.jaas.config"] = module
        for name, certificate in self._listeners.items():
            secured[f"listener.name.{name.lower()}.ssl.keystore.type"] = "PEM"
            secured[f"listener.name.{name.lower()}.ssl.keystore.location"] = str(certificate.both)
        super()._configure(controller, {**secured, **settings})

    def _format_options(self) -> tuple[str, ...]:
        scram = [f"{MECHANISM}=[name={user},password={password_of(user)}]" for user in USERS]
        return tuple(option for each in scram for option in ("--add-scram", each))
