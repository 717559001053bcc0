"""The adapter of the ClaimBook port: rows of modelward.managed, over a connection that ends with the work."""

from collections.abc import Sequence

import psycopg

from modelward.database.errors import explain_query
from modelward.database.links import Bounds, brief_link, run_on
from modelward.domain.claims import Claim, Sweep
from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

UNAVAILABLE: dict[str, str] = {
    "42P01": "the table modelward.managed is not there: modelward db init makes it",
    "3F000": "the schema modelward is not there: modelward db init makes it",
    "42501": "the database user may not write modelward.managed: docs/alerts.md has the GRANT",
    "25006": "the database is read-only, so modelward.managed is not written",
}


class PostgresClaims:
    """Writes modelward.managed."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()

    async def write(
        self,
        connection: Connection,
        cluster_uid: str,
        claims: Sequence[Claim],
        released: Sequence[Claim],
        sweep: Sweep | None,
    ) -> None:
        """Write and remove rows, all or none."""
        async with brief_link(connection, self._bounds) as link:
            try:
                async with link.transaction():
                    if sweep is not None and cluster_uid:
                        swept = {"there": list(sweep.there), "namespaces": list(sweep.namespaces)}
                        await run_on(link, self._bounds, "sweep_claims", {"cluster": cluster_uid, **swept})
                    if released:
                        await run_on(link, self._bounds, "release", _columns(cluster_uid, released))
                    if claims:
                        await run_on(link, self._bounds, "claim", _columns(cluster_uid, claims))
            except psycopg.Error as error:
                sentence = UNAVAILABLE.get(error.sqlstate or "")
                raise SourceError(Reason.AUDIT_UNAVAILABLE, sentence) if sentence else explain_query(error) from None


def _columns(cluster_uid: str, claims: Sequence[Claim]) -> dict[str, object]:
    kept = list({(c.model, c.environment): c for c in sorted(claims)}.values())  # one row for each model
    return {
        "cluster": cluster_uid,
        "model": [c.model for c in kept],
        "environment": [c.environment for c in kept],
        "resource": [c.resource for c in kept],
    }
