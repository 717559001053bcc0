"""What can go wrong, drawn once.

ModelwardError
├── InvalidSpecError          the resource says something that cannot be meant
├── SettingsError             the operator's own settings are wrong
├── SourceError               the database could not answer; carries a reason
├── RefusedError              as things stand this must not be done; nothing was changed; carries a reason
├── InvalidCallError          a verb was called with something that cannot be meant (also a ValueError)
├── AlertError                an alert has no address, or was not taken; carries a reason
└── ClusterError              the API server could not answer
    ├── NotFoundError         404: it is not there (any more)
    ├── ConflictError         409: somebody wrote in between
    ├── UnprocessableError    422: a test of our patch failed, or the object is refused
    ├── ForbiddenError        403 and such: it is not allowed, by our rights or by an admission policy
    └── ThrottledError        429: come back later; carries the seconds

The docstring is the message where none is given.
"""

from modelward.domain.reasons import Reason


class ModelwardError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class InvalidSpecError(ModelwardError):
    """The resource says something that cannot be meant."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class SettingsError(ModelwardError):
    """A setting of the operator is wrong."""


class SourceError(ModelwardError):
    """The database could not answer."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class AlertError(ModelwardError):
    """An alert has no address, or was not taken."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RefusedError(ModelwardError):
    """As things stand this must not be done; nothing was changed."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidCallError(ModelwardError, ValueError):
    """A verb was called with something that cannot be meant."""


class ClusterError(ModelwardError):
    """The API server could not answer."""


class NotFoundError(ClusterError):
    """The object is not there."""


class ConflictError(ClusterError):
    """Somebody wrote the object in between."""


class UnprocessableError(ClusterError):
    """The API server refused the content; nothing was changed."""


class ForbiddenError(ClusterError):
    """It is not allowed: by the operator's rights, an admission policy or a webhook."""


class ThrottledError(ClusterError):
    """The API server asked us to come back later."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
