"""Who asks in a call not to be called again is understood, and who does not is left alone."""

from typing import Any

import pytest
from pydantic import ValidationError

from campaign.models import Call
from campaign.rules.opt_out import asked
from campaign.settings import OptOutSettings
from campaign.settings.opt_out import BUNDLED_PHRASES

DEFAULT = OptOutSettings()


def call(*said: str, agent: str = "Hello, this is your service team.", **facts: Any) -> Call:
    """An ended call in which the person said this."""
    turns = [{"role": "agent", "content": agent}, *({"role": "user", "content": text} for text in said)]
    return Call(id="call_1", status="completed", has_ended=True, messages=tuple(turns), **facts)


@pytest.mark.parametrize(
    "said",
    [
        "Don't call me again.",
        "DON\u2019T CALL ME AGAIN!!",
        "Please, just take me off your list, OK?",
        "Look: stop   calling.",
        "I am on the do-not-call list",
        "Rufen Sie mich bitte nie wieder an. Löschen Sie meine Nummer!",
        "Ne m\u2019appelez plus, merci",
        "Por favor, no me llame más",
        "Non mi chiami più.",
        "Não me ligue mais!",
        "Haal me van de lijst.",
    ],
)
def test_phrases(said: str) -> None:
    """Capitals, apostrophes and punctuation do not matter, and several languages are known."""
    assert asked(call("Yes?", said), DEFAULT).startswith("said: ")


@pytest.mark.parametrize(
    "said",
    [
        "Could you call me again tomorrow?",
        "No, thank you, not this time.",
        "I will call you back",
        "You may stop by at my office, calling ahead is fine",
        "The option is out of stock",
        "",
    ],
)
def test_other_words(said: str) -> None:
    """Nobody is suppressed for words that mean something else."""
    assert asked(call(said), DEFAULT) == ""


def test_what_the_agent_says_does_not_count() -> None:
    """An agent who offers to take somebody off a list has not been asked to."""
    assert asked(call("Yes", agent="I can take you off, just say: take me off your list."), DEFAULT) == ""


def test_a_transcript_without_turns_is_read() -> None:
    """The older generation of the API has the text alone."""
    text = "agent: Say stop calling if you like\nuser: Take me off your list.\nagent: I will."
    plain_call = Call(id="call_1", status="completed", has_ended=True, transcript=text)
    assert asked(plain_call, DEFAULT) == "said: take me off your list"


@pytest.mark.parametrize(("role", "is_asked"), [("Human", True), ("customer", True), ("assistant", False)])
def test_who_is_a_person(role: str, is_asked: bool) -> None:
    """Generations of the API name the speakers differently."""
    turns = ({"role": role, "content": "Stop calling!"},)
    turn = Call(id="call_1", status="completed", has_ended=True, messages=turns)
    assert bool(asked(turn, DEFAULT)) is is_asked


@pytest.mark.parametrize("odd", [None, 10**4000, ["stop calling"] * 900, {"a": "stop calling"}, True])
def test_odd_turns(odd: Any) -> None:
    """Whatever stands in a turn, it is no reason to fail, and no wish."""
    turns: tuple[dict[str, Any], ...] = (
        {"role": "user", "content": odd},
        {"role": odd, "content": "stop calling"},
        {},
    )
    assert asked(Call(id="call_1", status="completed", has_ended=True, messages=turns), DEFAULT) == ""


def test_every_phrase_is_found() -> None:
    """Each phrase that comes with the program is found in a sentence of its own."""
    for phrases in BUNDLED_PHRASES.values():
        for phrase in phrases:
            assert asked(call(f"Well, {phrase.upper()}!"), DEFAULT) == f"said: {phrase}" or any(
                other in phrase for other in DEFAULT.all_phrases
            )


@pytest.mark.parametrize("outcome", ["Do Not Call", "do_not_call", "OPT-OUT", "dnc"])
def test_outcomes(outcome: str) -> None:
    """The label that OneInbox gives a call may say it, however it is written."""
    assert asked(call("Hm.", outcome=outcome), DEFAULT) == f"outcome {outcome}"
    assert asked(call("Hm.", outcome="Not Interested"), DEFAULT) == ""


@pytest.mark.parametrize(
    ("analysis", "is_asked"),
    [
        ({"post_call": {"do_not_call": True}}, True),
        ({"post_call": {"do_not_call": "Yes"}}, True),
        ({"post_call": {"do_not_call": 1}}, True),
        ({"post_call": {"do_not_call": False}}, False),
        ({"post_call": {"do_not_call": None}}, False),
        ({"post_call": {"do_not_call": {"why": "x"}}}, False),
        ({"post_call": "yes"}, False),
        ({}, False),
    ],
)
def test_a_field_of_the_analysis(analysis: dict[str, Any], is_asked: bool) -> None:
    """Where the agent extracts it, a field may say it; odd values do not."""
    settings = OptOutSettings(field="post_call.do_not_call")
    assert bool(asked(call("Hm.", analysis=analysis), settings)) is is_asked
    assert asked(call("Hm.", analysis=analysis), DEFAULT) == ""


def test_own_phrases_and_languages() -> None:
    """A campaign may look for its own words, and leave languages out."""
    settings = OptOutSettings(languages=("de",), phrases=("basta ya",))
    assert asked(call("Basta, ya!"), settings) == "said: basta ya"
    assert asked(call("Streichen Sie mich."), settings) == "said: streichen sie mich"
    assert asked(call("stop calling"), settings) == ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"languages": ["xx"]}, "no phrases for 'xx'; known are en, de"),
        ({"phrases": ["..."]}, "an empty text would fit every call"),
        ({"outcomes": [""]}, "an empty text would fit every call"),
    ],
)
def test_nonsense(wrong: dict[str, Any], words: str) -> None:
    """What would suppress nobody or everybody is refused."""
    with pytest.raises(ValidationError, match=words):
        OptOutSettings.model_validate(wrong)
