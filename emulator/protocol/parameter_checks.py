"""Checks the parameters of a request against the table of its endpoint."""
from collections.abc import Callable, Iterator, Mapping

from ..base import urls
from .characters import unwritable
from .endpoint_tables import Endpoint, Rule
from .findings import Finding
from .parameters import PAGE_URL, URL, Need, Param


def renamed(table: Endpoint,
            params: Mapping[str, str]) -> tuple[dict[str, str], list[Finding], dict[str, str]]:
    """Rename aliases to the names of the table and drop empty parameters.

    Returns the parameters, the findings about aliases, and problems by parameter name, where two names of one
    parameter are sent with different values.
    """
    named = {name: value for name, value in params.items() if value != ""}
    findings, problems = [], {}
    for row in table.params:
        for alias in row.aliases:
            if alias not in named:
                continue
            value = named.pop(alias)
            if row.name not in named:
                named[row.name] = value
                detail = f"{alias} is sent, the table has {row.name}"
                findings.append(Finding("OTHER_NAME", detail, refusable=alias not in row.tolerated))
            elif named[row.name] != value:
                problems[row.name] = f"{row.name} and {alias} are both sent and differ"
    return named, findings, problems


def check(table: Endpoint, params: Mapping[str, str],
          contradictions: Mapping[str, str]) -> tuple[list[str], list[Finding]]:
    """Check renamed parameters; `contradictions` are the problems that `renamed` found.

    Returns the sentences of all problems and all findings: first those of the table's rows in their order,
    then those of undeclared parameters, then those of the table's rules.
    """
    problems: list[str] = []
    findings: list[Finding] = []
    for row in table.params:
        if row.name in contradictions:
            problems.append(contradictions[row.name])
        value = params.get(row.name)
        if value is not None or row.need is not Need.OPTIONAL:
            _check_row(row, value, problems, findings)
    undeclared = {name: value for name, value in params.items() if name not in table.names}
    problems += [problem for name, value in undeclared.items() if (problem := unwritable(name, value))]
    for rule in table.rules:
        verdict = rule(params)
        if isinstance(verdict, Finding):
            findings.append(verdict)
        elif verdict:
            problems.append(verdict)
    return problems, findings


def _check_row(row: Param, value: str | None, problems: list[str], findings: list[Finding]) -> None:
    if value is None:
        if row.need is Need.REQUIRED:
            problems.append(f"{row.name} is missing")
        elif row.need is Need.DOCUMENTED:
            code = "SIGN_TYPE_MISSING" if row.name == "sign_type" else "MANDATORY_MISSING"
            findings.append(Finding(code, f"{row.name} is missing"))
        return
    problem = unwritable(row.name, value, row.identifier)
    if problem is None and (wrong := row.format.problem(value)):
        problem = f"{row.name} {wrong}"
    if problem:
        problems.append(problem)
    elif row.length and len(value) > row.length:
        sentence = f"{row.name} has {len(value)} characters, the table allows {row.length}"
        problems.append(sentence) if row.identifier else findings.append(Finding("TOO_LONG", sentence))
    if not problem and (found := row.format.finding(value)):
        findings.append(Finding(found[0], f"{row.name} {found[1]}"))
    if not problem and row.format in (URL, PAGE_URL):
        findings += _url_findings(row.name, value)


def _url_findings(name: str, value: str) -> Iterator[Finding]:
    if name == "notify_url" and urls.split(value).query:
        yield Finding("NOTIFY_URL_QUERY", "notify_url has a query string")
    if " " in value:
        yield Finding("URL_NOT_ESCAPED", f"{name} has a space in it; it is used with %20 in its place")


def own_scheme_only(names: tuple[str, ...], allows: Callable[[Mapping[str, str]], bool], where: str) -> Rule:
    """A rule that these parameters may have the scheme of an app only in requests for which `allows` is true.

    `where` says in words which requests these are.
    """
    def rule(params: Mapping[str, str]) -> str | None:
        if allows(params):
            return None
        wrong = [name for name in names if (value := params.get(name)) and urls.is_own_scheme(value)]
        return f"{' and '.join(wrong)} may have the scheme of an app only {where}" if wrong else None
    return rule
