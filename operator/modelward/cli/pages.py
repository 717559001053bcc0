"""The page that --help shows: options by what they are about, so that a newcomer may skip what concerns others."""

import click

WIDTH = 100
ABOUT: dict[str, tuple[str, ...]] = {
    "How to judge, against a database alone": (
        "threshold", "window", "min_samples", "label_delay", "cooldown", "max_per_day", "metrics", "positive_class",
    ),
    "Whom to tell, and where to log, against a database alone": ("alert_file", "alert_urls", "log_file"),
    "Which database, and whose tables": ("database_url", "environment", "file", "source"),
    "Which cluster": ("cluster", "namespace", "every", "all_namespaces", "context", "kubeconfig", "wait", "timeout"),
}  # fmt: skip
PLAIN = "Options"


class Verb(click.Command):
    """A verb whose options stand in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a group for each matter, those of the verb itself first."""
        groups: dict[str, list[tuple[str, str]]] = {PLAIN: [], **{title: [] for title in ABOUT}}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups[_title(param.name)].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _title(name: str | None) -> str:
    return next((title for title, names in ABOUT.items() if name in names), PLAIN)
