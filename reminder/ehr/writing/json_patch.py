"""Operations of a JSON Patch (RFC 6902) on an Appointment."""

from collections.abc import Iterator

from reminder.ehr.reading.raw import Resource


def replaced(path: str, value: object) -> Resource:
    """Another value where there is one."""
    return {"op": "replace", "path": path, "value": value}


def added(path: str, value: object) -> Resource:
    """A value, whether there is one or not."""
    return {"op": "add", "path": path, "value": value}


def put_back(now: Resource, before: Resource) -> Iterator[Resource]:
    """The operations that give an Appointment its former place and state."""
    for name in ("status", "cancelationReason", "slot", "start", "end"):
        if name in before and now.get(name) != before[name]:
            change = replaced if name in now else added
            yield change(f"/{name}", before[name])
        elif name in now and name not in before:
            yield {"op": "remove", "path": f"/{name}"}
