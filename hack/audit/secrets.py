"""Secrets among the files of the project, by way of detect-secrets; examples in docs and tests are listed here.

Words of chance (high entropy) are not looked for: locks and digests are full of them.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

PLUGINS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "IbmCloudIamDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
    "KeywordDetector",
)
EXAMPLES = re.compile(
    r"^(.*(c4n4ry|password|PASSWORD|s3cr3t|\{).*|p|pw|u|x|y|yes|no|pass|PASS|visitor|reader|rotated|modelward|change-me"
    r"|p%2B%26|SecretNotFound|SecretIncomplete|name: house-prices-db\s.*|\.\.\.|\*+)$",
    re.DOTALL,
)
"""What stands for a password in docs and tests."""
PASSWORDS = {"Secret Keyword", "Basic Auth Credentials"}
"""Tests make up passwords; keys and tokens of real services have a form, and are looked for there too."""
SKIPPED = re.compile(r"(^requirements/.*\.txt|go\.sum|\.svg|\.png|\.gif)$")


def find_secrets(root: Path) -> list[str]:
    """List what looks like a secret, as path:line (kind)."""
    with transient_settings({"plugins_used": [{"name": name} for name in PLUGINS], "filters_used": FILTERS}):
        return [line for path in _files(root) for line in look_into(root, path)]


FILTERS = [
    {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
    {"path": "detect_secrets.filters.heuristic.is_indirect_reference"},
    {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
    {"path": "detect_secrets.filters.heuristic.is_not_alphanumeric_string"},
]


def look_into(root: Path, path: str) -> Iterator[str]:
    """Look into one file."""
    for found in scan_file(str(root / path)):
        made_up = path.startswith("tests/") and found.type in PASSWORDS
        if not made_up and not EXAMPLES.match(found.secret_value or ""):
            yield f"{path}:{found.line_number} ({found.type})"


def _files(root: Path) -> list[str]:
    """List the files that are, or would be, committed."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for path in listed if path and not SKIPPED.search(path) and (root / path).is_file()]
