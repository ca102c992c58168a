"""A client of the control interface, for commands.

It uses a running server, or, if the command is to work without one, the application on the database.
"""
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib import parse

import click

from ..base.http_client import (
    REFUSED_CONNECTION, Answer, exchanged, failure_of, fetch, not_json, trust)
from ..base.settings import NO_TOKEN, SETTINGS, TEMPORARY, Settings, from_environment
from ..base.urls import reachable, url_of, with_query
from . import hints

PROBE_S = 2
MOST_NAMES = 1_000
LONGEST_S = 3600  # a call that may move the clock by years
GZIP = "application/gzip"
PIECE = 64 * 1024  # bytes


class Refusal(click.ClickException):
    """The emulator has refused a call: the `status` of its answer, and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def fail(sentence: str) -> NoReturn:
    """End the command with one line on standard error and status 1."""
    raise click.ClickException(sentence)


def one_line(sentence: str) -> str:
    """A sentence without line breaks, which an address in it may have."""
    return " ".join(sentence.split())


def settings_of(flags: dict[str, Any]) -> Settings:
    """The settings from flags and the environment. A wrong value ends the command with one line."""
    try:
        return from_environment(os.environ, **{row.name: flags.get(row.name) for row in SETTINGS})
    except ValueError as problem:
        raise click.ClickException(str(problem)) from problem


def trust_file(file: str | None) -> None:
    """Trust the certificates in a file, if one is given. The command ends with one line if it has none."""
    if file is None:
        return
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        fail(f"--ca: {file} has no certificates in PEM")
    except (OSError, ValueError) as problem:
        fail(one_line(f"--ca: {file} cannot be read: {getattr(problem, 'strerror', None) or problem}"))
    trust(file)


def trust_own(settings: Settings) -> None:
    """Trust the certificate of the configured server, as far as it is known where that is."""
    if settings.tls and settings.database != TEMPORARY:
        from ..server.certificates import CERTIFICATE
        from ..server.resources import Unstartable, data_directory, database_address
        from ..store import Unusable, place_of

        with suppress(Unstartable, Unusable):
            directory = place_of(database_address(settings)).directory or data_directory()
            if (directory / CERTIFICATE).is_file():
                trust_file(str(directory / CERTIFICATE))
    elif settings.tls_cert:
        trust_file(settings.tls_cert)


def why(problem: Exception) -> str:
    """Why a call has failed, and what to do about it, on one line."""
    return one_line(failure_of(problem))


def silence(address: str, problem: Exception, more: str = "") -> str:
    """The sentence about an address where no emulator answers: why, and what to do about it.

    `more` is what else one can do.
    """
    import ssl

    reason = why(problem)
    if isinstance(getattr(problem, "reason", problem), ssl.SSLError):
        return one_line(f"{address}: {reason}")
    known = "" if reason == REFUSED_CONNECTION else f" ({reason})"
    return one_line(f"no emulator answers at {address}{known}; start one with tgpay-emulator serve{more}")


def address_of(settings: Settings) -> str:
    """Where the configured server is: as it wrote down itself (`address_file`), else its host and port."""
    if settings.address_file and Path(settings.address_file).is_file():
        written = Path(settings.address_file).read_text(encoding="utf-8").strip()
        if written:
            return written
    return reachable(url_of(settings.host, settings.port, settings.scheme))


def _is_there(place: Any) -> bool:
    """Whether there is a database already, as far as it can be seen."""
    from ..store import Unusable

    try:
        place.must_exist()
    except Unusable:
        return False
    return True


class Control:
    """The control interface of a server at `url`, or of the application in this process.

    The latter works on `database`, or with `offline` on the configured one. `advice` is what else to do when
    no server answers.
    """

    def __init__(self, url: str | None, database: str | None, token: str | None, offline: bool = False,
                 advice: str = "") -> None:
        settings = settings_of({"database": database} if database else {})
        self._token = token or settings.control_token
        self.url = (url or address_of(settings)).rstrip("/")
        self._advice = "" if url else advice
        self._client: Any = None
        if database or offline:
            self._client = self._own(settings)
        elif not url:
            trust_own(settings)
            self._check()

    @property
    def is_remote(self) -> bool:
        """Whether the calls go to a server, which answers several at once."""
        return self._client is None

    def ask(self, method: str, path: str, body: Any, patience: float) -> Answer:
        """Make a call to a server, and return its answer within so many seconds, whatever it is.

        Raises OSError and ValueError.
        """
        data = None if body is None else json.dumps(body).encode()
        return self._fetch(f"/_emulator{path}", method, data, patience)

    @cached_property
    def _zone(self) -> str:
        """The time zone in which the emulator shows times to people."""
        return str(self("GET", "/clock").get("timezone", "UTC"))

    def zone(self) -> str:
        """The time zone in which people read times."""
        return self._zone

    def _check(self) -> None:
        """End the command if no emulator answers."""
        try:
            status = self._fetch("/livez", patience=PROBE_S).status
        except (OSError, ValueError) as problem:
            self._fail_of(problem)
        if status != 200:
            fail(f"what answers at {self.url} is not an emulator; name the emulator's address with --url")

    def _fail_of(self, problem: Exception) -> NoReturn:
        """End the command with the reason why no answer came, and what to do about it."""
        raise click.ClickException(silence(self.url, problem, self._advice)) from problem

    def _own(self, settings: Settings) -> Any:
        from werkzeug.test import Client

        from ..server.building import build
        from ..server.resources import Unstartable, database_address
        from ..store import Unusable, place_of

        try:
            place = place_of(database_address(settings))
            kind = "database" if _is_there(place) else "new database"
            click.echo(f"Working on the {kind} {place.shown}, without a server.", err=True)
            app = build(settings.replaced(control_token=NO_TOKEN, tokens=(), scenario=""), place)[0]
        except (Unusable, Unstartable) as problem:
            raise click.ClickException(str(problem)) from problem
        return Client(app)

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Make a call and return the JSON of the answer. A problem ends the command with its sentence."""
        address = with_query(f"/_emulator{path}", query)
        status, text = self._exchange(method, address, None if body is None else json.dumps(body).encode())
        try:
            answer = json.loads(text) if text else None
        except ValueError:
            fail(f"{self.url} is not an emulator: {not_json(status, text)}")
        if status >= 400:
            raise Refusal(status, self._sentence(status, answer, text))
        return answer

    def _sentence(self, status: int, answer: Any, text: str) -> str:
        """Why a call was refused, and what to do about it."""
        if status == 401:
            what = "refuses this control token" if self._token else "wants a control token"
            return (f"{self.url} {what}; give the right one with --token or in TGPAY_CONTROL_TOKEN: serve "
                    "prints the token that it makes at its start")
        if not isinstance(answer, dict):
            return text
        sentence = str(answer.get("detail", text))
        return sentence + hints.advice(sentence, self._names) if status == 404 else sentence

    def _names(self, path: str, column: str) -> list[str]:
        """The names in a column of a list; empty if the list cannot be read."""
        try:
            return [row[column] for row in self("GET", path, limit=MOST_NAMES)["items"]]
        except click.ClickException:
            return []

    def transfer(self, method: str, path: str, body: IO[bytes] | None = None, length: int = 0,
                 query: Sequence[tuple[str, str]] = ()) -> Iterator[bytes]:
        """Send a file of `length` bytes, or ask for one; give what is answered, piece by piece.

        A problem ends the command with its sentence.
        """
        from http.client import HTTPException

        address = f"/_emulator{path}{'?' if query else ''}{parse.urlencode(query)}"
        headers = {"Content-Type": GZIP, "Content-Length": str(length)} if body else {}
        try:
            with self._transferred(method, address, body, headers) as (status, pieces):
                if status >= 300:
                    self._refuse(status, b"".join(pieces))
                yield from pieces
        except (OSError, ValueError, HTTPException) as problem:
            if isinstance(problem, HTTPException):
                fail(f"the connection to {one_line(self.url)} broke off: {why(problem)}")
            self._fail_of(problem)

    @contextmanager
    def _transferred(self, method: str, address: str, body: IO[bytes] | None,
                     headers: dict[str, str]) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Make a call; give the status and the body of the answer."""
        if self._client is None:
            with exchanged(self.url + address, method, body, {**self._authorization, **headers},
                           LONGEST_S) as (status, _, answer):
                yield status, iter(lambda: answer.read(PIECE), b"")
            return
        with self._client.open(address, method=method, input_stream=body, headers=headers) as answer:
            yield answer.status_code, answer.iter_encoded()

    def _refuse(self, status: int, answer: bytes) -> NoReturn:
        """End the command with the sentence of a problem."""
        try:
            document = json.loads(answer)
        except ValueError:
            fail(f"{self.url} is not an emulator: {not_json(status, answer.decode('utf-8', 'replace'))}")
        raise Refusal(status, self._sentence(status, document, answer.decode()))

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _exchange(self, method: str, address: str, body: bytes | None) -> tuple[int, str]:
        if self._client is not None:
            answer = self._client.open(address, method=method, data=body, content_type="application/json")
            return answer.status_code, answer.get_data(as_text=True)
        try:
            answered = self._fetch(address, method, body)
        except (OSError, ValueError) as problem:
            self._fail_of(problem)
        if 300 <= answered.status < 400:
            elsewhere = answered.headers.get("Location", "").removesuffix(address)
            fail(one_line(f"{self.url} answers {answered.status}: the emulator is at {elsewhere}"))
        return answered.status, answered.text

    def _fetch(self, address: str, method: str = "GET", body: bytes | None = None,
               patience: float = LONGEST_S) -> Answer:
        headers = {"Content-Type": "application/json", **self._authorization}
        return fetch(self.url + address, method, body, headers, patience)
