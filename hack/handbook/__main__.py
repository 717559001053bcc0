"""`python -m handbook` builds build/site from the project's Markdown; broken links and anchors fail."""

import sys
from pathlib import Path

from handbook.building import BUILT, BuildError, build, list_outside_links

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Build, or with `--links` only list the links that lead to other sites: those are not followed here."""
    if arguments == ["--links"]:
        for link, pages in sorted(list_outside_links(ROOT).items()):
            print(f"{link}  ({', '.join(pages)})")
        return 0
    try:
        build(ROOT, ROOT / BUILT)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{BUILT}/index.html; with search: {sys.executable} -m http.server --bind 127.0.0.1 --directory {BUILT}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
