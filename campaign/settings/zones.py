"""Time zones that are of a place: where a person may be, unlike `UTC`, `EST` or `Etc/GMT-5`.

Such a name fits people of several places, has no clock changes or the sign that nobody expects, and a list
has it by default where nobody knows.
"""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_TABLES = ("zone.tab", "zone1970.tab")


def is_place(name: str) -> bool:
    """Whether this is the IANA name of a place's time zone, in its form `Area/City`, and known here."""
    if name not in _places():
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True


@cache
def _places() -> frozenset[str]:
    """The zones that the tables of the IANA's database give a place on Earth, and their older names."""
    data = files("tzdata.zoneinfo")
    places: set[str] = set()
    for table in _TABLES:
        lines = data.joinpath(table).read_text(encoding="utf-8").splitlines()
        places.update(line.split("\t")[2] for line in lines if line and not line.startswith("#"))
    rules = data.joinpath("tzdata.zi").read_text(encoding="utf-8").splitlines()
    links = (line.split() for line in rules if line.startswith("L "))
    return frozenset(places.union(name for _, target, name in links if target in places and "/" in name))
