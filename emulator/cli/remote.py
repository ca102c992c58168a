"""A client of the control interface, for commands.

It uses a running server, or, if none answers, the application on the configured database.
"""
import json
import os
from pathlib import Path
from typing import Any, NoReturn

import click

from ..base.settings import NO_TOKEN, SETTINGS, Settings, from_environment
from ..base.urls import with_query


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


def address_of(settings: Settings) -> str:
    """Where the configured server is: as it wrote down itself (`address_file`), else its host and port."""
    if settings.address_file and Path(settings.address_file).is_file():
        return Path(settings.address_file).read_text(encoding="utf-8").strip()
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def fetch(url: str, timeout: float, method: str = "GET", body: bytes | None = None,
          token: str = "") -> tuple[int, str]:
    """Send a request and return the status and text of the answer. `timeout` is in seconds.

    Proxies of the environment are not used. Raises OSError or ValueError when there is no answer.
    """
    from http.client import HTTPException  # imported late, because serve does not need them
    from urllib import error, request

    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is no http or https address")
    outgoing = request.Request(url, body, method=method, headers={"Content-Type": "application/json"})
    if token:
        outgoing.add_header("Authorization", f"Bearer {token}")
    try:
        with request.build_opener(request.ProxyHandler({})).open(outgoing, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except error.HTTPError as failure:
        with failure:
            return failure.code, failure.read().decode()
    except HTTPException as problem:
        raise ValueError(f"{type(problem).__name__}: {problem}") from problem


class Control:
    """The control interface of a server, or of the application in this process."""

    def __init__(self, url: str | None, database: str | None, token: str | None) -> None:
        settings = settings_of({"database": database} if database else {})
        self._token = token or settings.control_token
        self._url = (url or address_of(settings)).rstrip("/")
        self._client: Any = None
        if database or not url and not self._answers():
            self._client = self._own(settings)

    def _answers(self) -> bool:
        try:
            return fetch(f"{self._url}/livez", timeout=2)[0] == 200
        except (OSError, ValueError):
            return False

    def _own(self, settings: Settings) -> Any:
        from ..server.building import build
        from ..server.resources import Unstartable, database_path
        from ..store import Unusable

        try:
            path = database_path(settings)
            click.echo(f"No server at {self._url}; working on {path}.", err=True)
            app = build(settings.replaced(control_token=NO_TOKEN, scenario=""), path)[0]
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
            fail(f"{self._url} is no emulator: it answers {status} with what is no JSON")
        if status >= 400:
            fail(answer.get("detail", text) if isinstance(answer, dict) else text)
        return answer

    def _exchange(self, method: str, address: str, body: bytes | None) -> tuple[int, str]:
        if self._client is not None:
            answer = self._client.open(address, method=method, data=body, content_type="application/json")
            return answer.status_code, answer.get_data(as_text=True)
        try:
            return fetch(self._url + address, 3600, method, body, self._token)
        except (OSError, ValueError) as problem:
            why = getattr(problem, "reason", problem)
            raise click.ClickException(one_line(f"no emulator answers at {self._url}: {why}")) from problem
