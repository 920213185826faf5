"""Faults: read from their written form, and striking alike for the same seed."""

import pytest

from campaign.simulator.faults import ENDPOINTS, KINDS, Fault, FaultPlan


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_by_its_name(kind: str) -> None:
    """The bare name of a kind strikes every create-call request."""
    assert Fault.parse(kind) == Fault(kind)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (" drop ", Fault("drop")),
        ("throttle=3", Fault("throttle", "3")),
        ("throttle=date:90", Fault("throttle", "date:90")),
        ("throttle=-5", Fault("throttle", "-5")),
        ("stall=0.5", Fault("stall", "0.5")),
        ("odd_status=no-show", Fault("odd_status", "no-show")),
        ("status=503@get", Fault("status", "503", "get")),
        ("status=503@list", Fault("status", "503", "list")),
        ("lose_reply%10", Fault("lose_reply", rate=0.1)),
        ("lose_reply%2.5", Fault("lose_reply", rate=0.025)),
        ("drop#5", Fault("drop", first=5, last=5)),
        ("drop#5-9", Fault("drop", first=5, last=9)),
        ("drop~0123", Fault("drop", digits="0123")),
        (
            "status=500@create%50#2-20~7",
            Fault("status", "500", "create", rate=0.5, first=2, last=20, digits="7"),
        ),
    ],
)
def test_the_written_form(text: str, fault: Fault) -> None:
    """Value, endpoint, share, window and digits are read, each where it is given."""
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "explode",
        "drop@delete",
        "drop=",
        "drop%",
        "drop%-5",
        "drop#",
        "drop#1-",
        "drop~x",
        "drop drop",
        "DROP",
    ],
)
def test_what_is_no_fault(text: str) -> None:
    """What is not understood is an error that tells the kinds, and never a fault that does not strike."""
    with pytest.raises(ValueError, match="lose_reply"):
        Fault.parse(text)


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("drop", [1, 2, 3, 4, 5, 6]),
        ("drop#2", [2]),
        ("drop#2-4", [2, 3, 4]),
        ("drop~55", [1, 3, 5]),
        ("drop#2-5~55", [3, 5]),
        ("drop@get", []),
        ("drop%0", []),
        ("drop%100", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_which_requests_are_struck(text: str, struck: list[int]) -> None:
    """A fault strikes the requests that meet all its conditions, counted from 1."""
    plan = FaultPlan((Fault.parse(text),))
    numbers = ["+155", "+166"] * 3

    assert [nth for nth, number in enumerate(numbers, 1) if plan.strike("create", number)] == struck


def test_endpoints_are_counted_apart() -> None:
    """The second request of one endpoint is not the second of another."""
    plan = FaultPlan(tuple(Fault.parse(f"drop@{endpoint}#2") for endpoint in ENDPOINTS))

    first = [plan.strike(endpoint) for endpoint in ENDPOINTS]
    second = [plan.strike(endpoint) for endpoint in ENDPOINTS]

    assert (first, second) == ([{}] * len(ENDPOINTS), [{"drop": None}] * len(ENDPOINTS))


def strikes(seed: int) -> list[dict[str, str | None]]:
    plan = FaultPlan((Fault.parse("drop%30"), Fault.parse("status=503%30")), seed=seed)
    return [plan.strike("create", f"+1{at}") for at in range(300)]


def test_the_same_seed_decides_alike() -> None:
    """A plan strikes the same requests for the same seed, others for another seed, each at its rate."""
    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    for kind in ("drop", "status"):
        assert 60 < sum(kind in struck for struck in strikes(1)) < 120
    assert {"drop": None, "status": "503"} in strikes(1)
