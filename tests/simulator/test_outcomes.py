"""Outcomes of the simulated account: the workspace's own labels, and labels of calls set by hand."""

from typing import Any

import pytest

from tests.simulator.machinery import Clock, account, create, get, talk_to

pytestmark = pytest.mark.anyio

PATH = "/v1/workspace/call-outcomes"


@pytest.mark.parametrize("generation", ["v2", "v3"])
async def test_own_labels(generation: str) -> None:
    """They are listed beside the built-in ones, renamed and hidden; their name follows from the label."""
    simulator = account(generation=generation)
    async with talk_to(simulator) as client:
        added = await client.post(PATH, json={"label": "Hot Lead", "description": "wants it now"})
        assert (added.status_code, added.json()["name"], added.json()["is_active"]) == (201, "hot_lead", True)
        one = f"{PATH}/{added.json()['id']}"
        changed = await client.patch(one, json={"label": "Hottest Lead", "is_active": False})
        assert (changed.json()["label"], changed.json()["is_active"]) == ("Hottest Lead", False)
        assert (await client.patch(f"{PATH}/other", json={})).status_code == 404
    listed = await get(simulator, PATH)
    assert listed["builtin"] == [
        "Appointment Booked",
        "Not Interested",
        "Not Connected",
        "Voicemail",
        "Interested",
    ]
    assert (listed["total"], [item["name"] for item in listed["items"]]) == (1, ["hot_lead"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"label": ""}, 422),
        ({"label": "x" * 101}, 422),
        ({"label": "x", "name": "X"}, 422),
        ({"label": "x", "name": "x" * 41}, 422),
        ({"label": "x", "description": "x" * 501}, 422),
        ({"label": "Interested"}, 409),
        ([], 422),
    ],
)
async def test_what_is_no_label(body: Any, status: int) -> None:
    """Labels have the lengths and names that are documented, and no two have one name."""
    simulator = account()
    async with talk_to(simulator) as client:
        assert (await client.post(PATH, json=body)).status_code == status
    assert simulator.outcomes.own == {}


@pytest.mark.parametrize("generation", ["v2", "v3"])
async def test_a_call_is_given_an_outcome(generation: str) -> None:
    """In lower case with underscores it is taken, and shown in title case, over the provider's own label."""
    clock = Clock()
    simulator = account(generation=generation, clock=clock)
    _, call = await create(simulator)
    path = f"/v1/calls/{call['id']}"
    async with talk_to(simulator) as client:
        early = (await client.patch(path, json={"outcome": "appointment_booked"})).json()
        assert (early["outcome"], early["status"]) == ("Appointment Booked", "initiated")
        clock.seconds += 10_000
        assert (await client.get(path)).json()["analysis"]["outcome"] == "Appointment Booked"
        await client.post(PATH, json={"label": "Hot Lead"})
        late = (await client.patch(path, json={"outcome": "hot_lead"})).json()
        assert (late["outcome"], late["analysis"]["outcome"]) == ("Hot Lead", "Hot Lead")
        for wrong in ("Hot Lead", "unheard_of", "", None):
            assert (await client.patch(path, json={"outcome": wrong})).status_code == 422
        assert (await client.patch("/v1/calls/other", json={"outcome": "hot_lead"})).status_code == 404


async def test_the_first_generation_has_no_outcomes() -> None:
    """Neither the labels nor the change of a call are there."""
    simulator = account(generation="v1")
    _, call = await create(simulator)
    async with talk_to(simulator) as client:
        assert (await client.get(PATH)).status_code == 404
        changed = await client.patch(f"/v1/calls/{call['id']}", json={"outcome": "interested"})
        assert changed.status_code == 405
