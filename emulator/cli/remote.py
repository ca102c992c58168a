"""A client of the control interface, for commands.

It uses a running server, or, if none answers, the application on the configured database.
"""
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from ..base.http_client import Answer, failure_of, fetch, not_json, trust, untrusted
from ..base.settings import NO_TOKEN, SETTINGS, TEMPORARY, Settings, from_environment
from ..base.urls import reachable, url_of, with_query

LONGEST_S = 3600  # a call that may move the clock by years


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


def address_of(settings: Settings) -> str:
    """Where the configured server is: as it wrote down itself (`address_file`), else its host and port."""
    if settings.address_file and Path(settings.address_file).is_file():
        written = Path(settings.address_file).read_text(encoding="utf-8").strip()
        if written:
            return written
    return reachable(url_of(settings.host, settings.port, settings.scheme))


class Control:
    """The control interface of a server at `url`, or of the application in this process."""

    def __init__(self, url: str | None, database: str | None, token: str | None) -> None:
        settings = settings_of({"database": database} if database else {})
        self._token = token or settings.control_token
        self.url = (url or address_of(settings)).rstrip("/")
        self._client: Any = None
        if not url:
            trust_own(settings)
        if database or not url and not self._answers():
            self._client = self._own(settings)

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

    def _answers(self) -> bool:
        try:
            return self._fetch("/livez", patience=2).status == 200
        except (OSError, ValueError) as problem:
            if untrusted(problem):
                fail(f"{self.url}: {why(problem)}")
            return False

    def _own(self, settings: Settings) -> Any:
        from ..server.building import build
        from ..server.resources import Unstartable, database_address
        from ..store import Unusable, place_of

        try:
            place = place_of(database_address(settings))
            click.echo(f"No server at {self.url}; working on {place.shown}.", err=True)
            app = build(settings.replaced(control_token=NO_TOKEN, tokens=(), scenario=""), place)[0]
        except (Unusable, Unstartable) as problem:
            raise click.ClickException(str(problem)) from problem
        return app.test_client()

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Make a call and return the JSON of the answer. A problem ends the command with its sentence."""
        address = with_query(f"/_emulator{path}", query)
        status, text = self._exchange(method, address, None if body is None else json.dumps(body).encode())
        try:
            answer = json.loads(text) if text else None
        except ValueError:
            fail(f"{self.url} is no emulator: {not_json(status, text)}")
        if status >= 400:
            fail(answer.get("detail", text) if isinstance(answer, dict) else text)
        return answer

    def _exchange(self, method: str, address: str, body: bytes | None) -> tuple[int, str]:
        if self._client is not None:
            answer = self._client.open(address, method=method, data=body, content_type="application/json")
            return answer.status_code, answer.get_data(as_text=True)
        try:
            answered = self._fetch(address, method, body)
        except (OSError, ValueError) as problem:
            what = f"{self.url}: " if untrusted(problem) else f"no emulator answers at {self.url}: "
            raise click.ClickException(one_line(what) + " " + why(problem)) from problem
        if 300 <= answered.status < 400:
            elsewhere = answered.headers.get("Location", "").removesuffix(address)
            fail(one_line(f"{self.url} answers {answered.status}: the emulator is at {elsewhere}"))
        return answered.status, answered.text

    def _fetch(self, address: str, method: str = "GET", body: bytes | None = None,
               patience: float = LONGEST_S) -> Answer:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return fetch(self.url + address, method, body, headers, patience)
