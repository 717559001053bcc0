"""The verbs that ask the operator for something and wait for its answer; nothing is slept through, all is watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from modelward.domain.errors import ClusterError, ModelwardError, RefusedError
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.status import Phase, Rollback
from modelward.remote import asking, figures, moving
from modelward.remote.api import Api
from modelward.remote.asking import Asked, ImpatientError
from modelward.remote.checks import describe_check, failed_check
from modelward.remote.results import ClusterCheck, ClusterPlan, ClusterRollback, Request

NO_ANSWER = (
    "the operator's answer. Does it run? kubectl get pods -A -l app.kubernetes.io/name=modelward. "
    "What was asked for may still be done within 10 minutes"
)


@dataclass(frozen=True, slots=True)
class ClusterDoor:
    """One cluster; `patience` is how many seconds an answer may take."""

    api: Api
    patience: float

    def check(self, resources: Sequence[Resource]) -> list[ClusterCheck]:
        """Ask for checks of all at once, then wait for each; what cannot be asked for is an answer as well."""
        give_up_at = monotonic() + self.patience
        asked = [(resource, self._try_ask(resource)) for resource in resources]
        return [self._checked(before, request, give_up_at) for before, request in asked]

    def ask_rollback(self, plan: ClusterPlan, resource: Resource) -> Asked:
        """Ask for what was agreed on."""
        return asking.ask_rollback(self.api, resource, plan["to_version"], partial(moving.agree, plan))

    def roll_back(self, plan: ClusterPlan, resource: Resource) -> ClusterRollback:
        """Ask for what was agreed on, and follow it to its end; RefusedError where the operator says no."""
        give_up_at = monotonic() + self.patience
        asked = self.ask_rollback(plan, resource)
        record = asking.rollback_record(asked)
        seen = asking.follow(self.api, asked.resource, record, give_up_at, NO_ANSWER)
        answer = record(seen)
        assert answer is not None  # that is what was waited for
        if answer.result != "Done":
            raise RefusedError(Reason.REQUEST_REFUSED, f"the operator refused: {answer.message}")
        begun = seen.status.last_rollback
        if begun is None:
            raise ClusterError(f"{figures.name_of(seen)}: the operator says {answer.message!r} and shows no rollback")
        return figures.rollback_of(seen, self._end_of(seen, begun, give_up_at))

    def requested(self, plan: ClusterPlan, asked: Asked) -> Request:
        """Describe a request that is not waited for."""
        return Request(
            namespace=plan["namespace"],
            name=plan["name"],
            requested_at=asked.at,
            requested_by=self.api.user,
            from_version=plan["from_version"],
            to_version=plan["to_version"],
        )

    def _try_ask(self, resource: Resource) -> Asked | ModelwardError:
        try:
            return asking.ask_check(self.api, resource)
        except ModelwardError as error:
            return error

    def _checked(self, before: Resource, asked: Asked | ModelwardError, give_up_at: float) -> ClusterCheck:
        if isinstance(asked, ModelwardError):
            return failed_check(before, str(asked))
        record = asking.check_record(asked)
        try:
            seen = asking.follow(self.api, asked.resource, record, give_up_at, NO_ANSWER)
            answer, begun = record(seen), seen.status.last_rollback
            if answer is None or answer.result != "Done":
                return failed_check(seen, answer.message if answer else "")
            if begun is None or not _is_new(before, begun):
                return describe_check(seen, None)
            return describe_check(seen, self._end_of(seen, begun, give_up_at))
        except ModelwardError as error:
            return failed_check(before, str(error))

    def _end_of(self, resource: Resource, begun: Rollback, give_up_at: float) -> Rollback:
        """Follow a rollback to its end; where another one began meanwhile, this one is superseded."""

        def ended(seen: Resource) -> bool:
            last = seen.status.last_rollback
            return last is None or last.id != begun.id or not last.phase.under_way

        said = (
            f"the end of the rollback {begun.from_} -> {begun.to}, which goes on: kubectl describe mdl {resource.name}"
        )
        last = asking.follow(self.api, resource, ended, give_up_at, said).status.last_rollback
        if last is None or last.id != begun.id:
            raise ImpatientError(f"the rollback {begun.from_} -> {begun.to} was replaced by another one meanwhile")
        return last


def is_good_end(rollback: ClusterRollback) -> bool:
    """Whether the version put back is rolled out."""
    return rollback["phase"] == Phase.VERIFIED.value


def _is_new(before: Resource, begun: Rollback) -> bool:
    known = before.status.last_rollback
    return known is None or known.id != begun.id
