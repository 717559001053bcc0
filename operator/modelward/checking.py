"""`modelward db check`: is this database fit to be judged from, for our tables or for those that a resource names?"""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelward.database.checks import Finding, Level, examine
from modelward.database.examination import gather_facts
from modelward.database.secrets import read_connection
from modelward.domain.errors import InvalidSpecError, SourceError
from modelward.domain.mapping import check_environment, parse_source
from modelward.domain.source import OWN, Source
from modelward.manifest import read_bodies

WIDTH = 9


@dataclass(frozen=True, slots=True)
class Subject:
    """What to check for: a resource's tables, or our own; `zone_named`: it says what zone times without one have."""

    name: str = ""
    model_name: str = ""
    environment: str = ""
    source: Source = OWN
    zone_named: bool = False


def read_subjects(path: Path | None) -> list[Subject]:
    """Read every ModelDeployment of a file; InvalidSpecError says what is wrong with it."""
    return [Subject()] if path is None else [_read_subject(body) for body in read_bodies(path)]


def check(url: str, subjects: list[Subject]) -> list[tuple[Subject, list[Finding]]]:
    """Check each subject in the database of a URL; no connection is a finding as well."""
    return [(subject, asyncio.run(_check(url, subject))) for subject in subjects]


def is_fine(checked: list[tuple[Subject, list[Finding]]]) -> bool:
    """Whether nothing is a problem."""
    return all(finding.level is not Level.PROBLEM for _, findings in checked for finding in findings)


def as_text(checked: list[tuple[Subject, list[Finding]]]) -> str:
    """Write for people: a line for each finding, and below it what mends it."""
    lines: list[str] = []
    for subject, findings in checked:
        lines += [f"{subject.name}:"] if subject.name else []
        for finding in findings:
            lines.append(f"{finding.level:<{WIDTH}}{finding.about:<{WIDTH + 1}} {finding.sentence}")
            lines += [f"{'':<{WIDTH}}{'mend':<{WIDTH + 1}} {statement}" for statement in finding.mend]
    return "\n".join(lines)


def as_json(checked: list[tuple[Subject, list[Finding]]]) -> str:
    """Write for programs."""
    bodies = [
        {"name": subject.name, "findings": [_body(finding) for finding in findings]} for subject, findings in checked
    ]
    return json.dumps({"fine": is_fine(checked), "checks": bodies}, indent=2, ensure_ascii=False)


async def _check(url: str, subject: Subject) -> list[Finding]:
    try:
        connection = read_connection("--database-url", {"uri": url})
        facts = await gather_facts(connection, subject.source, subject.model_name, subject.environment)
    except SourceError as error:
        return [Finding(Level.PROBLEM, "server", f"{error.reason}: {error}")]
    return examine(replace(facts, zone_named=subject.zone_named))


def _read_subject(body: dict[str, Any]) -> Subject:
    spec, name = body.get("spec") or {}, str((body.get("metadata") or {}).get("name") or "")
    database = spec.get("database") if isinstance(spec, dict) else None
    if not isinstance(database, dict):
        raise InvalidSpecError("spec.database", "expected an object")
    named = database.get("source") or {}
    source = parse_source(named)
    environment = spec.get("environment") or ""
    check_environment(environment, source)
    return Subject(name, spec.get("modelName") or name, environment, source, "timeZone" in named)


def _body(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "about": finding.about,
        "message": finding.sentence,
        "mend": list(finding.mend),
    }
