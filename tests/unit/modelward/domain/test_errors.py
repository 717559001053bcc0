"""The tree at the top of errors.py is the tree that there is, and a docstring is the message where none is given."""

import inspect

import pytest

from modelward.domain import errors
from modelward.domain.errors import InvalidSpecError, ModelwardError, SourceError
from modelward.domain.reasons import Reason

TREE = errors.__doc__ or ""
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ModelwardError)]


@pytest.mark.parametrize("kind", KINDS)
def test_stands_in_the_picture_with_its_depth(kind: type[ModelwardError]):
    line = next(line for line in TREE.splitlines() if kind.__name__ in line.split())
    assert line.index(kind.__name__) == 4 * (sum(issubclass(base, ModelwardError) for base in kind.__mro__) - 1)


@pytest.mark.parametrize("kind", [errors.NotFoundError, errors.ConflictError, errors.SettingsError, ModelwardError])
def test_says_its_docstring_unless_told_otherwise(kind: type[ModelwardError]):
    assert str(kind()) == kind.__doc__
    assert str(kind("what happened")) == "what happened"


def test_an_invalid_spec_names_its_field():
    assert str(InvalidSpecError("checkInterval", "too short")) == "checkInterval: too short"


def test_a_source_error_carries_its_reason():
    assert SourceError(Reason.TLS_FAILED, "no").reason is Reason.TLS_FAILED
