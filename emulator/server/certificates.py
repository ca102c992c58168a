"""The certificate with which the server speaks TLS: that of the settings, or one that it makes itself.

The functions raise Unstartable with a sentence.
"""
from __future__ import annotations

import fcntl
import os
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from ..base import durations
from ..base.clock import host_now
from ..base.settings import Settings
from .resources import Unstartable
from .safe_settings import ALL_INTERFACES

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, GeneralName

GOOD_FOR, LEAST_LEFT = timedelta(days=365), timedelta(days=7)
CERTIFICATE, PRIVATE = "tls-certificate.pem", "tls-private.pem"
MISSING = ("tls: to make a certificate the server needs the package cryptography: "
           "pip install 'tgpay-emulator[tls]', or give tls_cert and tls_key")


class _Encrypted(Exception):
    """The private key needs a password."""


def context(settings: Settings) -> ssl.SSLContext:
    """The TLS context of the settings tls_cert and tls_key. Raises Unstartable."""
    for name in ("tls_cert", "tls_key"):
        _check_readable(name, settings[name])
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION
    made.set_alpn_protocols(["http/1.1"])
    key = settings.tls_key or settings.tls_cert
    try:
        made.load_cert_chain(settings.tls_cert, key, _no_password)
    except _Encrypted:
        raise Unstartable(f"tls_key: the key in {key} is encrypted; write it without a password, as "
                          "openssl pkey does") from None
    except ssl.SSLError as error:
        raise Unstartable(_reason(settings, key, error)) from None
    return made


def _check_readable(name: str, file: str) -> None:
    try:
        if file:
            Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unstartable(f"{name}: {file} cannot be read: {reason}") from None


def _no_password() -> NoReturn:
    raise _Encrypted


def _reason(settings: Settings, key: str, error: ssl.SSLError) -> str:
    """Why the files are not used."""
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"tls_key: the key in {key} is not that of the certificate in {settings.tls_cert}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(settings.tls_cert)
    except ssl.SSLError:
        return f"tls_cert: {settings.tls_cert} has no certificate in PEM"
    name = "tls_key" if settings.tls_key else "tls_cert"
    return f"{name}: {key} has no private key in PEM that can be used ({error.reason or error})"


def with_own(settings: Settings, directory: Path, address: str) -> Settings:
    """The settings with the files of a certificate of the server's own, if the setting `tls` asks for one.

    The certificate is kept in the directory, and used again while it is good and has all names: loopback
    names, this machine's, and that of the listening address, which is a URL. Raises Unstartable.
    """
    if not settings.tls:
        return settings
    try:
        import cryptography.x509  # noqa: F401  # an extra
    except ImportError:
        raise Unstartable(MISSING) from None
    certificate, private = directory / CERTIFICATE, directory / PRIVATE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _prepare(certificate, private, _names(settings, address))
    except OSError as error:
        raise Unstartable(f"tls: no certificate can be kept in {directory}: "
                          f"{error.strerror or error}") from error
    return settings.replaced(tls_cert=str(certificate), tls_key=str(private))


def _names(settings: Settings, address: str) -> list[str]:
    """The host names and addresses of the server, without repetitions."""
    host = urlsplit(address).hostname or ""
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname()]
    if host in ALL_INTERFACES:
        from ..base import lan  # imported late, because few servers need it

        names += sorted(lan.own_addresses())
    elif host:
        names.append(host)
    names += [urlsplit(settings.public_url).hostname or "", *settings.allowed_hosts]
    return list(dict.fromkeys(name.lower() for name in names if _is_name(name)))


def _is_name(name: str) -> bool:
    """Whether a certificate may have the name: it is ASCII, and has no address with a zone."""
    return bool(name) and name.isascii() and "%" not in name and len(name) < 254


def _prepare(certificate: Path, private: Path, names: list[str]) -> None:
    """Make sure that there is a certificate with these names. Servers that start at once wait for each other.

    The private file has the key and the certificate, and the other one the certificate alone, for clients.
    Raises OSError.
    """
    descriptor = os.open(private, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        os.fchmod(descriptor, 0o600)  # fails when the file is somebody else's
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        kept = file.read()
        public = _usable(kept, names)
        if public is None:
            key, public = _made(names)
            file.seek(0)
            file.truncate()
            file.write(key + public)
            file.flush()
        if not certificate.is_file() or certificate.read_bytes() != public:
            certificate.write_bytes(public)


def _usable(kept: bytes, names: list[str]) -> bytes | None:
    """The certificate among what is kept; None if it has other names, or is good for a few days only."""
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        certificate, key = load_pem_x509_certificate(kept), load_pem_private_key(kept, None)
    except (ValueError, TypeError):
        return None
    now = _now()
    is_good = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - LEAST_LEFT
    is_fitting = certificate.public_key() == key.public_key() and set(names) <= _names_in(certificate)
    if not (is_good and is_fitting):
        return None
    return certificate.public_bytes(Encoding.PEM)


def _now() -> datetime:
    return datetime.fromtimestamp(host_now() / durations.SECOND, UTC)


def _names_in(certificate: Certificate) -> set[str]:
    from cryptography.x509 import DNSName, ExtensionNotFound, IPAddress, SubjectAlternativeName

    try:
        found = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return set()
    return {*found.get_values_for_type(DNSName), *map(str, found.get_values_for_type(IPAddress))}


def _made(names: list[str]) -> tuple[bytes, bytes]:
    """A new private key and its certificate, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), _now()
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TGPay Emulator"),
                         x509.NameAttribute(NameOID.COMMON_NAME, "TGPay Emulator's own certificate")])
    usage = x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                          data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
                          encipher_only=False, decipher_only=False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    builder = (x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(),
                                       now - timedelta(hours=1), now + GOOD_FOR)
               .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
               .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
               .add_extension(usage, True)
               .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
               .add_extension(identifier, False)
               .add_extension(issuer, False))
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str) -> GeneralName:
    """A name as a certificate has it."""
    from cryptography.x509 import DNSName, IPAddress

    try:
        return IPAddress(ip_address(name))
    except ValueError:
        return DNSName(name)
