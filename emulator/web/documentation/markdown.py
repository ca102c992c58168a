"""A page in Markdown as HTML and as sections.

Raw HTML in a page is left out. Comments say where a generated table is, and why a block of code is not run
by a test; of these the second becomes a line for readers.
"""
import re
from collections.abc import Callable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from msgspec import Struct, field

from ..texts import Texts

NOT_RUN = re.compile(r"<!-- not run: (.+) -->\s*")
# A line's end between Chinese letters, which is no space.
BETWEEN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n *(?=[\u4e00-\u9fff“《（])")
DEEPEST = 3  # the level of headings that begin a section
Link = Callable[[str], str]
CODE = Markup('<div class="code lines"><pre tabindex="0" role="group" aria-label="{}">{}</pre>'
              '<button type="button" class="quiet copy" data-copy="{}" hidden>{}</button></div>\n')
COMMENT = Markup('<p class="soft small">{} <span lang="en">{}</span></p>\n')
TABLE = Markup('<div class="wide" tabindex="0" role="group" aria-label="{}"><table>\n')
TABLE_END = Markup("</table></div>\n")


class Section(Struct):
    """A heading, its token, and the texts below it. The level is 1 for the page's title."""

    level: int
    title: str
    anchor: str
    opening: Token
    texts: list[str] = field(default_factory=list)


class Page(Struct, frozen=True):
    """A page: its HTML, and its sections, of which the first has the title."""

    html: Markup
    sections: list[Section]


def anchor(title: str) -> str:
    """The anchor of a heading, as GitHub makes it: letters, digits and hyphens."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def page(text: str, link: Link, said: Texts, original: Sequence[Section] = ()) -> Page:
    """Render a page. `said` has the texts around its blocks.

    `link` returns the address for a link of the page. It is empty for the same page in another language: a
    paragraph that is nothing but such a link is left out. `original` are the sections of the page of which
    this is the translation: links to their anchors lead to the same places here.
    """
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = list(_without_languages(parser.parse(BETWEEN_CHINESE.sub("", text)), link))
    sections = list[Section]()
    for before, token in zip([None, *tokens], tokens):
        if before and before.type == "heading_open" and int(before.tag[1]) <= DEEPEST:
            sections.append(_section(before, token, sections))
        elif sections and (plain := _plain(token)):
            sections[-1].texts.append(plain)
        for child in token.children or ():
            _led(child, link)
    _drawn(parser, said)
    for section, same in zip(sections, original):
        section.opening.meta["original"] = same.anchor
    kept = [token for token in tokens if not _is_blank(token)]
    return Page(Markup(parser.renderer.render(kept, parser.options, {})), sections)


def _without_languages(tokens: Sequence[Token], link: Link) -> Iterator[Token]:
    left_out = {near for place, token in enumerate(tokens) if _is_other_language(token, link)
                for near in (place - 1, place, place + 1)}
    return (token for place, token in enumerate(tokens) if place not in left_out)


def _is_other_language(token: Token, link: Link) -> bool:
    """Whether the text of a paragraph is a link to the same page in another language."""
    children = token.children or []
    return (len(children) == 3 and children[0].type == "link_open"
            and link(str(children[0].attrGet("href") or "")) == "")


def _section(opening: Token, inline: Token, before: Sequence[Section]) -> Section:
    title = _plain(inline)
    made = anchor(title)
    again = sum(re.fullmatch(rf"{re.escape(made)}(-\d+)?", each.anchor) is not None for each in before)
    name = f"{made}-{again}" if again else made
    opening.attrSet("id", name)
    return Section(int(opening.tag[1]), title, name, opening)


def _plain(token: Token) -> str:
    """The text of a token without its markup."""
    if token.type == "inline":
        return "".join(" " if child.type == "softbreak" else child.content
                       for child in token.children or () if child.type not in ("image", "html_inline"))
    return token.content if token.type == "fence" else ""


def _led(child: Token, link: Link) -> None:
    """Give a link its address on this server."""
    if child.type == "link_open":
        child.attrSet("href", link(str(child.attrGet("href") or "")))


def _is_blank(token: Token) -> bool:
    """Whether nothing is shown of a token: a comment but for one to readers."""
    return token.type == "html_block" and NOT_RUN.fullmatch(token.content) is None


def _drawn(parser: MarkdownIt, said: Texts) -> None:
    """Set how blocks of code, tables, pictures and comments are drawn."""
    def code(token: Token) -> str:
        return CODE.format(token.info or said.docs_output, token.content, token.content, said.copy)

    def comment(token: Token) -> str:
        return COMMENT.format(said.docs_not_run, *NOT_RUN.findall(token.content))
    draws: dict[str, Callable[[Token], str]] = {
        "fence": code, "heading_open": _heading, "html_block": comment, "image": _nothing,
        "html_inline": _nothing, "table_open": lambda token: TABLE.format(said.docs_table),
        "table_close": lambda token: TABLE_END}
    for name, draw in draws.items():
        parser.add_render_rule(name, _rule(draw))


def _nothing(token: Token) -> str:
    return ""


def _heading(token: Token) -> str:
    places = [str(place) for place in (token.attrGet("id"), token.meta.get("original")) if place]
    named = Markup().join(Markup('<span id="{}"></span>').format(place) for place in places[1:])
    first = Markup(' id="{}"').format(places[0]) if places else ""
    return Markup("<{}{}>{}").format(token.tag, first, named)


def _rule(draw: Callable[[Token], str]) -> Callable[..., str]:
    """A rule of the renderer, whose first argument is the renderer itself."""
    return lambda renderer, tokens, place, options, environment: draw(tokens[place])
