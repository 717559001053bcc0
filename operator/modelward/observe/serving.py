"""Which version serves, which served before, and what would have to be written for another one."""

from modelward.domain.image import is_listed, is_same_image, is_version, parse_image, version_in
from modelward.domain.ports import Json
from modelward.domain.reasons import Reason
from modelward.domain.serving import ALLOWED_IMAGES, Deployment, Place, Revision, Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.version_field import FieldType
from modelward.observe.deployments import read_revision, template_hash
from modelward.observe.place import find_place


def find_serving(spec: Spec, deployment: Deployment) -> Serving | ServingProblem:
    """Read the version out of its place in the Deployment."""
    place = deployment.place
    if isinstance(place, ServingProblem):
        return place
    version = read_version(spec, place.value)
    if version is None:
        return _unreadable(spec, deployment, place)
    serving = Serving(deployment, place, version)
    return _moving_repository(spec, serving) or serving


def read_version(spec: Spec, value: str) -> str | None:
    """Read the version from what stands in its place; an image is asked for by catalogue, template, then tag."""
    if spec.version_field.type is not FieldType.IMAGE:
        return value if is_version(value) else None
    listed = _listed_as(spec, value)
    if listed is not None:
        return listed
    if spec.version_field.template is not None:
        return version_in(value, spec.version_field.template)
    tag = parse_image(value).tag
    return tag if tag and is_version(tag) else None


def reach(spec: Spec, serving: Serving, version: str, remembered: str = "") -> str | ServingProblem:
    """Say what to write to go back to a version: what held it here, or else what the spec says.

    `remembered` counts where it still reads as that version; the whole reference comes back then, digest included.
    """
    kept = remembered if remembered and read_version(spec, remembered) == version else None
    return _permit(spec, serving, version, kept or _build(spec, serving, version))


def reach_as_specified(spec: Spec, serving: Serving, version: str, remembered: str = "") -> str | ServingProblem:
    """Say what to write to deploy a version: the catalogue's image goes before what held it here."""
    listed = next((known.image for known in spec.catalogue if known.name == version), None)
    return _permit(spec, serving, version, listed) if listed else reach(spec, serving, version, remembered)


def forbid(spec: Spec, serving: Serving, value: str) -> ServingProblem | None:
    """Refuse an image in another repository than the Deployment's, unless the Deployment's annotation allows it."""
    if spec.version_field.type is not FieldType.IMAGE:
        return None
    present, wanted = parse_image(serving.value).repository, parse_image(value).repository
    if wanted == present or is_listed(wanted, serving.deployment.allowed_images or ""):
        return None
    message = (
        f"image {value!r} is in another repository than {present!r}, which Deployment {serving.deployment.name} runs; "
        f"where that is meant, annotate the Deployment with {ALLOWED_IMAGES}: {wanted}"
    )
    return ServingProblem(Reason.REPOSITORY_NOT_ALLOWED, message)


def find_revisions(spec: Spec, deployment: Deployment, replica_sets: list[Json]) -> tuple[Revision, ...]:
    """Read the Deployment's own ReplicaSets, oldest revision first, those that hold a readable version.

    They are listed after the Deployment was read: a newer revision than its own is not its past, but what was deployed
    in between.
    """
    owned = (rs for rs in replica_sets if _is_owned(rs, deployment.uid))
    found = (_revision(spec, rs) for rs in owned)
    newest = float("inf") if deployment.revision is None else deployment.revision
    return tuple(sorted((r for r in found if r is not None and r.number <= newest), key=lambda r: r.number))


def _revision(spec: Spec, replica_set: Json) -> Revision | None:
    template = replica_set["spec"]["template"]
    found = find_place(spec.version_field, template, "")
    if isinstance(found, ServingProblem):
        return None
    place, keys = found
    version = read_version(spec, place.value)
    number = read_revision(replica_set["metadata"].get("annotations") or {}) or 0
    return Revision(number, version, place.value, template_hash(template, keys)) if version else None


def _is_owned(replica_set: Json, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in replica_set["metadata"].get("ownerReferences") or ())


def _listed_as(spec: Spec, image: str) -> str | None:
    """Look an image up in the catalogue: the whole reference first, then one of the same digest."""
    exact = (known.name for known in spec.catalogue if known.image == image)
    alike = (known.name for known in spec.catalogue if is_same_image(known.image, image))
    return next(exact, None) or next(alike, None)


def _build(spec: Spec, serving: Serving, version: str) -> str | ServingProblem:
    """Make the value of a version that was never seen here."""
    if spec.version_field.type is not FieldType.IMAGE:
        return version
    listed = next((known.image for known in spec.catalogue if known.name == version), None)
    if listed is not None:
        return listed
    if spec.version_field.template is not None:
        return spec.version_field.template.replace("{version}", version)
    if spec.catalogue:
        return ServingProblem(Reason.VERSION_UNKNOWN, f"no entry of versions is called {version!r}; {_names(spec)}")
    return f"{parse_image(serving.value).repository}:{version}"


def _permit(spec: Spec, serving: Serving, version: str, value: str | ServingProblem) -> str | ServingProblem:
    """Let pass what may be written, and is that version when it is read again."""
    if isinstance(value, ServingProblem):
        return value
    again = read_version(spec, value)
    if again != version:
        what = f"stands in versions as {again!r}" if again else "would not be read as a version"
        return ServingProblem(Reason.VERSION_UNKNOWN, f"{value!r}, which would be written for {version!r}, {what}")
    return forbid(spec, serving, value) or value


def _unreadable(spec: Spec, deployment: Deployment, place: Place) -> ServingProblem:
    if spec.version_field.type is FieldType.IMAGE:
        return ServingProblem(Reason.VERSION_UNREADABLE, _why_unreadable(spec, place))
    where = f"{place.label} of Deployment {deployment.name}"
    if not place.value:
        return ServingProblem(Reason.VERSION_EMPTY, f"{where} is empty: the version has to stand there")
    message = (
        f"{where} is {place.value[:200]!r}, which is no version: letters, digits, dots, dashes and underscores only"
    )
    return ServingProblem(Reason.VERSION_INVALID, f"{message}, 128 at most, not beginning with a dot or a dash")


def _why_unreadable(spec: Spec, place: Place) -> str:
    template = spec.version_field.template
    if template is not None:
        why = f"does not fit versionField.image.template {template!r}"
    elif parse_image(place.value).digest:
        hint = "" if spec.catalogue else ": list it in spec.versions"
        why = f"is given by digest only and has no tag that could be the version{hint}"
    else:
        why = "has no tag that could be the version: give it one, or say in versionField where the version stands"
    listed = f", and is in no entry of versions; {_names(spec)}" if spec.catalogue else ""
    return f"image {place.value!r} of container {_container(place)} {why}{listed}"


def _container(place: Place) -> str:
    return place.names[0][1]


def _names(spec: Spec, most: int = 20) -> str:
    names = [known.name for known in spec.catalogue]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"the entries are {', '.join(names[:most])}{rest}"


def _moving_repository(spec: Spec, serving: Serving) -> ServingProblem | None:
    """Refuse a template that puts the version into the repository, where the Deployment does not allow for that."""
    template = spec.version_field.template or ""
    repository = parse_image(template).repository
    present = parse_image(serving.value).repository
    if "{version}" not in repository or is_listed(present, serving.deployment.allowed_images or ""):
        return None
    pattern = repository.replace("{version}", "*")
    return ServingProblem(
        Reason.REPOSITORY_NOT_ALLOWED,
        f"versionField.image.template {template!r} puts the version into the repository, so each version is another "
        f"one; where that is meant, annotate Deployment {serving.deployment.name} with {ALLOWED_IMAGES}: {pattern}",
    )
