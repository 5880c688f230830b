"""Alerts as the webhooks about them have them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.rehearsal.model.state import Repository
from app.rehearsal.shapes.people import Addresses, Shape, instant

# What of the details is about the rule and not about the alert.
OF_RULE = frozenset(
    {"id", "severity", "security_severity_level", "description", "name", "tags", "help"}
)


def code_scanning(
    at: Addresses,
    repository: Repository,
    number: int,
    now: datetime,
    details: Mapping[str, Any],
) -> Shape:
    """Return the `alert` of a `code_scanning_alert`."""
    rule = {
        "id": "py/sql-injection",
        "severity": "error",
        "security_severity_level": "high",
        "description": "SQL query built from user-controlled sources",
    }
    rule |= {name: value for name, value in details.items() if name in OF_RULE}
    rest = {name: value for name, value in details.items() if name not in OF_RULE}
    return {
        **_place(at, repository, "code-scanning/alerts", "code-scanning", number),
        "created_at": instant(now),
        "updated_at": instant(now),
        "state": "open",
        "dismissed_by": None,
        "dismissed_at": None,
        "dismissed_reason": None,
        "rule": rule,
        "tool": {"name": "CodeQL", "version": "2.19.0"},
        **rest,
    }


def secret_scanning(
    at: Addresses,
    repository: Repository,
    number: int,
    now: datetime,
    details: Mapping[str, Any],
) -> Shape:
    """Return the `alert` of a `secret_scanning_alert`. The secret itself is in no webhook."""
    place = _place(at, repository, "secret-scanning/alerts", "secret-scanning", number)
    return {
        **place,
        "created_at": instant(now),
        "updated_at": instant(now),
        "locations_url": f"{place['url']}/locations",
        "resolution": None,
        "resolved_at": None,
        "resolved_by": None,
        "secret_type": "github_personal_access_token",
        "secret_type_display_name": "GitHub Personal Access Token",
        "validity": "unknown",
        "push_protection_bypassed": False,
        **details,
    }


def dependabot(
    at: Addresses,
    repository: Repository,
    number: int,
    now: datetime,
    details: Mapping[str, Any],
) -> Shape:
    """Return the `alert` of a `dependabot_alert`."""
    severity = details.get("severity", "high")
    package = {"ecosystem": "pip", "name": details.get("package", "ansible")}
    vulnerability = {
        "package": package,
        "severity": severity,
        "vulnerable_version_range": "< 2.8.19",
        "first_patched_version": {"identifier": "2.8.19"},
    }
    return {
        **_place(at, repository, "dependabot/alerts", "dependabot", number),
        "state": "open",
        "dependency": {
            "package": package,
            "manifest_path": "requirements.txt",
            "scope": "runtime",
        },
        "security_advisory": {
            "ghsa_id": "GHSA-8f4m-hccc-8qph",
            "cve_id": "CVE-2021-20191",
            "summary": "Insertion of Sensitive Information into Log File",
            "description": "Credentials are disclosed in a log by default.",
            "vulnerabilities": [vulnerability],
            "severity": severity,
            "cvss": {"vector_string": None, "score": 5.5},
            "cwes": [],
            "identifiers": [{"type": "GHSA", "value": "GHSA-8f4m-hccc-8qph"}],
            "references": [],
            "published_at": instant(now),
            "updated_at": instant(now),
            "withdrawn_at": None,
        },
        "security_vulnerability": vulnerability,
        "created_at": instant(now),
        "updated_at": instant(now),
        "dismissed_at": None,
        "dismissed_by": None,
        "dismissed_reason": None,
        "dismissed_comment": None,
        "fixed_at": None,
    }


ALERTS: Mapping[str, Callable[..., Shape]] = {
    "code_scanning": code_scanning,
    "secret_scanning": secret_scanning,
    "dependabot": dependabot,
}


def _place(
    at: Addresses, repository: Repository, path: str, page: str, number: int
) -> dict[str, Any]:
    return {
        "number": number,
        "url": f"{at.api}/repos/{repository.full_name}/{path}/{number}",
        "html_url": f"{at.web}/{repository.full_name}/security/{page}/{number}",
    }
