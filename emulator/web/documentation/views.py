"""The views of the documentation: all subjects, search results, a page, a file that a page links to."""
import posixpath
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, url_for

from .. import entrance
from ..console.frame import remember_language, show, texts
from ..pages import secure
from ..texts import CONSOLE, Texts

if TYPE_CHECKING:
    from .markdown import Page

blueprint = Blueprint("documentation", __name__, url_prefix="/docs")
blueprint.before_request(entrance.refuse)
blueprint.after_request(remember_language)


@blueprint.get("", strict_slashes=False)
def index() -> Response:
    """All subjects, or the sections that have all words of the query's `q`."""
    from . import pages, search

    query, language = request.args.get("q", "").strip(), texts().language
    read = {name: _page(name, _language(name, language), url_for(".index")) for name in pages.SUBJECTS}
    found = search.find(query, ((name, page.sections) for name, page in read.items()))
    leads = {name: page.sections[0].texts[0] if page.sections[0].texts else "" for name, page in read.items()}
    return _show("", query=query, found=found, leads=leads)


@blueprint.get("/<name>")
def page(name: str) -> Response:
    """The page about a subject, in the reader's language where there is one, otherwise in English."""
    from . import pages

    if name not in pages.SUBJECTS:
        return file(name)
    language = _language(name, texts().language)
    return _show(name, document=_page(name, language, url_for(".index")), language=language)


@blueprint.get("/<path:path>")
def file(path: str) -> Response:
    """A file that a page links to, as text; otherwise the page for what does not exist."""
    from . import pages

    text = pages.attached(path)
    if text is None:
        return _show("", status=404, query="", missing=True)
    return secure(Response(text, content_type="text/plain; charset=utf-8"))


def _show(name: str, status: int = 200, **values: Any) -> Response:
    from . import pages

    return show("documentation", "", status, name=name, groups=pages.GROUPS, languages=pages.languages,
                **values)


def _language(name: str, wanted: str) -> str:
    """The language in which a subject's page is shown."""
    from . import pages

    return wanted if wanted in pages.languages(name) else "en"


@cache
def _page(name: str, language: str, root: str) -> "Page":
    """A subject's page; `root` is the address of the documentation."""
    from . import markdown, pages

    original = [] if language == "en" else _page(name, "en", root).sections
    return markdown.page(pages.text(name, language), lambda link: _address(link, name, language, root),
                         Texts(language, CONSOLE), original)


def _address(link: str, name: str, language: str, root: str) -> str:
    """The address for a link of a page, whose links are relative to its file.

    It is empty for the same page in another language, to which the header leads.
    """
    from . import pages

    if "://" in link or link.startswith("#"):
        return link
    path, sharp, place = link.partition("#")
    target = posixpath.normpath(posixpath.join("" if language == "en" else language, path))
    if not target.endswith(pages.SUFFIX):
        return f"{root}/{target}"
    subject = posixpath.basename(target).removesuffix(pages.SUFFIX).lower()
    return "" if subject == name else f"{root}/{subject}{sharp}{place}"
