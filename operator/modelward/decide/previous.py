"""The version to compare with, and whether it may be put back without asking."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from modelward.domain.decision import Target
from modelward.domain.serving import Reach, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Move, Standing, Status


@dataclass(frozen=True, slots=True)
class Previous:
    """The previous version; `veto` says why it is no automatic target, None means it is one.

    `value` is what held it here; empty where it never served here. `problem` says why it cannot be written now.
    """

    version: str
    value: str = ""
    template_hash: str = ""
    veto: str | None = None
    problem: ServingProblem | None = None

    def reached(self, reach: Reach) -> "Previous":
        """Return it with what would have to be written, or with the problem that stands against it."""
        value = reach(self.version, self.value)
        return replace(self, problem=value) if isinstance(value, ServingProblem) else replace(self, value=value)

    @property
    def target(self) -> Target:
        """What to put back."""
        return Target(self.version, self.value, self.template_hash)


def find_previous(spec: Spec, status: Status) -> Previous | None:
    """Return the version that the spec names, else the newest earlier one that was good here.

    Where none may be put back, the newest one that was not rolled back from still serves for comparison, with its
    veto; a version in quarantine is no measure of anything.
    """
    if spec.previous_version is not None and spec.previous_version != status.current_version:
        return _named(spec.previous_version, status)
    earlier = [m for m in _earlier(status) if not status.is_quarantined(m.version)]
    good = next((m for m in earlier if veto_of(m.version, status) is None), None)
    chosen = good or next(iter(earlier), None)
    return _known(chosen, veto_of(chosen.version, status)) if chosen else None


def find_older(status: Status, archived: Collection[str] = ()) -> Move | None:
    """Return what a person means by `previous`: the newest earlier version neither rolled back from nor put away.

    One that did not start when it was put back is passed over as well; a person may still name it.
    """
    kept = (m for m in _earlier(status) if m.version not in archived and not failed_to_start(m.version, status))
    return next((m for m in kept if not status.is_quarantined(m.version)), None)


def find_move(version: str, status: Status) -> Move | None:
    """Find the newest epoch of a version."""
    return next((m for m in reversed(status.history) if m.version == version), None)


def veto_of(version: str, status: Status) -> str | None:
    """Say why a version that served here must not come back by itself; None where it may."""
    if status.is_quarantined(version):
        return f"{version} was rolled back from and is in quarantine"
    if failed_to_start(version, status):
        return f"{version} did not become available when it was put back"
    standings = {m.quality for m in status.history if m.version == version}
    if standings & {Standing.PROVEN, Standing.UNJUDGED}:
        return None
    return f"{version} was never Healthy here"


def failed_to_start(version: str, status: Status) -> bool:
    """Whether a version did not become available when it was put back, and has not been Healthy since."""
    standings = [m.quality for m in status.history if m.version == version]
    told = [s for s in standings if s in {Standing.NOT_STARTED, Standing.PROVEN}]
    return bool(told) and told[-1] is Standing.NOT_STARTED


def _named(version: str, status: Status) -> Previous:
    move = find_move(version, status)
    known_bad = status.is_quarantined(version) or failed_to_start(version, status)
    veto = veto_of(version, status) if known_bad else None
    return _known(move, veto) if move else Previous(version, veto=veto)


def _known(move: Move, veto: str | None) -> Previous:
    return Previous(move.version, move.value, move.template_hash, veto)


def _earlier(status: Status) -> Iterable[Move]:
    running = status.epoch.number if status.epoch else 0
    return (m for m in reversed(status.history) if m.epoch < running and m.version != status.current_version)
