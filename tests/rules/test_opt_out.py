"""Who asks in a call not to be called again is understood, and who does not is left alone."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from campaign.models import Call
from campaign.rules.opt_out import asked, may_be_told_later
from campaign.settings import OptOutSettings
from campaign.settings.opt_out import BUNDLED_PHRASES, as_kept, read_kept
from campaign.settings.phrases import spoken_words

DEFAULT = OptOutSettings()


def call(*said: str, agent: str = "Hello, this is your service team.", **facts: Any) -> Call:
    """An ended call in which the person said this."""
    turns = [{"role": "agent", "content": agent}, *({"role": "user", "content": text} for text in said)]
    return Call(id="call_1", status="completed", has_ended=True, messages=tuple(turns), **facts)


WISHES = {
    "en": (
        "Don't call me again.", "DON\u2019T CALL ME AGAIN!!", "Do not call me.", "do not call again",
        "please don't ever call me again", "Don't you ever call here again", "Never call this number again",
        "Please, just take me off your list, OK?", "take me off of your list", "Take us off the list",
        "take my name off your list", "Take me off of all of your lists", "Just take me off",
        "remove this number", "Remove me from your database, please", "Look: stop   calling.",
        "stop contacting me", "stop calling us",
        "please stop the calls", "Stop all these phone calls", "Could you stop making these calls?",
        "I do not want to be called", "I don't want you to call me", "I don't want any more calls",
        "I no longer want to get calls from you", "No more calls!", "I told you not to call me",
        "I am on the do-not-call list", "I want to opt out", "Opt me out", "lose my number", "Leave me alone",
        "I revoke my consent", "don t call me anymore", "Unsubscribe.", "Do not disturb",
        "Please listen, I said don't call!",
        "I'm on the Do Not Call Registry",
        "You shouldn't call me again", "You should not be calling us", "You are not allowed to call me",
        "You have no right to call this number", "You can't call me anymore", "Don't keep calling me",
        "Don't be calling me", "I don't want to hear from you again", "I never want to hear from you people",
        "I don't want any more of your calls", "I do not consent to these calls",
        "I never gave you my permission", "don't, uh, call me again", "Stop, um, calling me",
        "Erm, hmm: do not, er, call me",
    ),
    "de": (
        "Rufen Sie mich bitte nie wieder an.", "Rufen Sie mich bitte nicht mehr an", "ruf mich nicht mehr an",
        "Ruft hier bloss nie mehr an", "Rufen Sie mich nicht an!", "Bitte nicht mehr anrufen.",
        "Ich möchte nicht mehr von Ihnen angerufen werden", "Ich will nicht angerufen werden",
        "Löschen Sie meine Nummer!", "Loeschen Sie bitte meine Daten", "Keine Anrufe mehr",
        "Ich moechte keine Anrufe", "Nehmen Sie mich bitte von Ihrer Liste", "Streichen Sie mich.",
        "Hören Sie endlich auf, mich anzurufen", "Lassen Sie mich in Ruhe", "Lass mich bitte in Ruhe",
        "Hiermit widerrufe ich meine Einwilligung",
    ),
    "fr": (
        "Ne m\u2019appelez plus, merci", "ne m' appelez plus jamais", "m'appelez plus", "Ne me rappelez plus",
        "ne m'appelle plus", "arretez de m'appeler", "Arrêtez de nous appeler", "Je ne veux plus d'appels",
        "Je ne veux plus être appelé", "je souhaite plus être contactée",
        "Retirez-moi de votre liste", "Supprimez mon numéro", "Laissez-moi tranquille",
    ),
    "es": (
        "Por favor, no me llame más", "no me llames más", "no me llame mas", "No me vuelvan a llamar",
        "no vuelva a llamarme", "Deje de llamarme", "Deja ya de llamar", "quíteme de su lista",
        "Borren mi número", "no quiero que me llamen", "No quiero recibir más llamadas",
        "Déjeme en paz", "Quiero que me den... denme de baja",
    ),
    "it": (
        "Non mi chiami più.", "non chiamarmi più", "Non chiamate piu", "Smettetela di chiamarmi",
        "mi tolga dalla lista", "Cancelli il mio numero", "Non voglio essere chiamato", "Lasciatemi in pace",
    ),
    "pt": (
        "Não me ligue mais!", "nao me liguem", "não liga mais pra cá", "Pare de me ligar",
        "Tire meu número da lista", "Me tira da lista", "Não quero mais receber ligações",
    ),
    "nl": (
        "Haal me van de lijst.", "bel me niet meer", "Belt u mij alstublieft niet meer", "Niet meer bellen",
        "Ik wil niet meer gebeld worden", "Stop met bellen", "Hou op met mij te bellen",
        "Verwijder mijn nummer", "Laat me met rust",
    ),
    "hi": (
        "मुझे कॉल मत करो",
        "मुझे दोबारा फ़ोन मत करना",
        "फोन न करें",
        "कॉल करना बंद कीजिए",
        "मेरा नंबर लिस्ट से हटा दीजिए",
        "Mujhe call mat karo", "mujhe dobara phone mat karna", "call na karein", "Aap call karna band kijiye",
        "mera number list se hata do", "mujhe pareshan mat karo", "Mujhe call nahi chahiye",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("language", "said"), [(key, said) for key, each in WISHES.items() for said in each])
def test_phrases(language: str, said: str) -> None:
    """Polite, short and rude forms are known in each language, in whatever capitals and accents."""
    only = OptOutSettings(languages=(language,))
    assert asked(call("Yes?", f"Well, {said} Bye."), only).startswith("said: ")
    assert asked(call("Yes?", said.upper()), DEFAULT).startswith("said: ")


def test_languages_with_examples() -> None:
    """No language comes without examples."""
    assert WISHES.keys() == BUNDLED_PHRASES.keys()


@pytest.mark.parametrize(
    "said",
    [
        "Could you call me again tomorrow?",
        "No, thank you, not this time.",
        "I will call you back",
        "You may stop by at my office, calling ahead is fine",
        "The option is out of stock",
        "You can call me on this number, and I am off at five.",
        "Did you want to call me? I was on the other line.",
        "I do not want to change anything, but do call again.",
        "Stop, one second please. I am listening.",
        "I don't call often, but you may.",
        "I should call you",
        "I want to hear from you again",
        "I am not allowed to call from here",
        "I gave you my permission",
        "Uh, um, hmm",
        "I don't have the contract here. Remove the old item from my order.",
        "Take the blue one off the order, please",
        "Rufen Sie mich morgen bitte noch einmal an",
        "Ich habe noch keine Anrufe bekommen und wurde nicht angerufen",
        "Ich rufe später an, da widerspreche ich Ihnen nicht",
        "Je m'appelle Jeanne, rappelez-moi demain, je n'ai plus de temps",
        "Je ne m'appelle pas Dupont",
        "Llámeme más tarde, por favor. No me llamo Juan.",
        "Mi chiami più tardi, non mi chiamo Paolo",
        "Me ligue mais tarde",
        "Bel me morgen maar terug, ik kan nu niet bellen",
        "मुझे कल कॉल करना",
        "Main call nahi kar paya, kal phone karna",
        "",
    ],
)
def test_other_words(said: str) -> None:
    """Nobody is suppressed for words that mean something else."""
    assert asked(call(said), DEFAULT) == ""


def test_in_doubt_a_wish_counts() -> None:
    """Who is not to be called before nine is not called at all, until a human has looked at it."""
    assert asked(call("Do not call me before nine"), DEFAULT) == "said: do not call me"


def test_what_the_agent_says_does_not_count() -> None:
    """An agent who offers to take somebody off a list has not been asked to."""
    assert asked(call("Yes", agent="I can take you off, just say: take me off your list."), DEFAULT) == ""


def of(*turns: Any) -> str:
    """What is understood of these turns."""
    return asked(Call(id="call_1", status="completed", has_ended=True, messages=turns), DEFAULT)


@pytest.mark.parametrize(
    "role",
    ["Human", "customer", "USER", "caller", "callee", "client", "Contact", "lead", "patient", "speaker_1",
     "participant", "Dana", "real estate agent", "unknown", "", None, 7, ["agent"], True, 10**4000],
)  # fmt: skip
def test_whoever_is_not_the_agent_is_the_person(role: Any) -> None:
    """However the speaker is called, and if they are not called anything, a wish is heard."""
    assert of({"role": "agent", "content": "Hello"}, {"role": role, "content": "Stop calling!"})


@pytest.mark.parametrize(
    "role",
    ["agent", "Assistant", "AI", "bot", "system", "tool_call", "tool_result", "tool", "function_call",
     "toolResult", "AI Assistant", "Voice Agent", "Speaker 1 (Agent)", "Bot 2", " agent "],
)  # fmt: skip
def test_what_the_agent_and_the_machinery_say_does_not_count(role: str) -> None:
    """An agent that offers it has not been asked, nor has a tool that has it in its output."""
    assert not of({"role": role, "content": "You can always say: stop calling me."})


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "user", "content": ["Hm.", "stop calling"]},
        {"role": "user", "content": [{"type": "text", "text": "stop calling"}]},
        {"role": "user", "content": {"parts": [{"value": "stop calling"}]}},
        {"role": "user", "text": "stop calling"},
        {"speaker": "customer", "message": "stop calling"},
        {"type": "message", "content": "stop calling"},
        {"content": "user: stop calling"},
        {"role": "unknown", "content": "stop calling"},
    ],
)
def test_shapes_of_a_turn(turn: dict[str, Any]) -> None:
    """The text may be in parts, or under another name."""
    assert of({"role": "agent", "content": "Hello"}, turn) == "said: stop calling"


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "content": [{"type": "text", "text": "stop calling"}]},
        {"speaker": "agent", "text": "stop calling"},
        {"type": "function_call", "arguments": "{}", "content": "stop calling"},
        {"role": "unknown", "content": "agent: Say stop calling, if you like"},
    ],
)
def test_shapes_of_a_turn_of_the_agent(turn: dict[str, Any]) -> None:
    """They are known as well, and are no wish."""
    assert of(turn) == ""


def test_a_wish_over_several_turns() -> None:
    """Speech is cut into turns by pauses: what follows each other is one; what the agent says parts it."""
    said = [{"role": "user", "content": "Please stop"}, {"role": "user", "content": "calling me"}]
    silent = [{"role": "tool_call", "content": "{}"}, {"role": "agent", "content": None}]
    assert of(said[0], *silent, said[1]) == "said: stop calling"
    assert of(said[0], {"role": "agent", "content": "Sorry?"}, said[1]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "agent: Say stop calling if you like\nuser: Take me off your list.\nagent: I will.",
        "[00:01] agent: Hello\n[00:03] user: take me off your list",
        "00:01 Agent - Hello\n00:03 User - take me off your list",
        "**Agent (00:01)**: Hello\n**Dana (00:03)**: take me off your list",
        "<agent> Hello\n<user> take me off your list",
        "agent:Hello\nuser:take me off your list",
        "Agent: Hello\ntake me off your list",
        "take me off your list",
        "Speaker 1: Hello\nSpeaker 2: take me off your list",
        "user: take me\nuser: off your list",
        "[0:03] Caller: take me\n[0:05] Caller: off your list\n[0:07] Bot: Sure",
        "Listen: take me off your list",
        "Take me off: your list",
    ],
)
def test_a_transcript_without_turns_is_read(text: str) -> None:
    """The older generation of the API has the text alone, and nobody says how its lines look."""
    plain_call = Call(id="call_1", status="completed", has_ended=True, transcript=text)
    assert asked(plain_call, DEFAULT).startswith("said: take me off")


@pytest.mark.parametrize(
    "text",
    [
        "agent: Say stop calling if you like\nuser: Go on.",
        "[00:01] Agent: Say stop calling if you like",
        "00:01 AI Assistant - Say stop calling if you like",
        "**Agent (00:01)**: Say: stop calling",
        "<bot> Say stop calling\ntool_result: stop calling",
        "",
    ],
)
def test_what_the_agent_says_in_a_transcript_does_not_count(text: str) -> None:
    """However its lines are marked."""
    plain_call = Call(id="call_1", status="completed", has_ended=True, transcript=text)
    assert asked(plain_call, DEFAULT) == ""


@pytest.mark.parametrize("odd", [None, 10**4000, {"a": None}, [[[[[[["x"]]]]]]], True, "\n:\n", ":" * 5000])
def test_odd_turns(odd: Any) -> None:
    """Whatever stands in a turn, it is no reason to fail, and no wish."""
    assert of({"role": "user", "content": odd}, {"role": odd, "content": odd}, {"content": odd}, {}) == ""


def test_every_phrase_is_found() -> None:
    """Each phrase that comes with the program is found in its shortest form, in a sentence of its own."""
    for phrases in BUNDLED_PHRASES.values():
        for phrase in phrases:
            assert phrase.is_in(spoken_words(f"Well, {phrase.shown.upper()}!")), phrase.text


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


def test_a_phrase_that_ends_a_sentence() -> None:
    """Two words are a wish where nothing follows them; what follows may make something else of them."""
    for said in (
        "Don't call",
        "I said: don't call. Good bye.",
        "Look! Don't call! I mean it.",
        "I told you: do not contact.",
    ):
        assert asked(call(said), DEFAULT) == "said: do not call", said
    assert asked(call("I don't call such numbers. Good bye."), DEFAULT) == ""


def test_own_phrases_and_languages() -> None:
    """A campaign may look for its own words, and leave languages out."""
    settings = OptOutSettings(languages=("de",), phrases=("basta ya",))
    assert asked(call("Basta, ya!"), settings) == "said: basta ya"
    assert asked(call("Streichen Sie mich."), settings) == "said: streichen mich"
    assert asked(call("Well ((really)) [now|then]"), OptOutSettings(phrases=("(really) [now|then]",)))
    assert asked(call("Um momento, pare $"), OptOutSettings(phrases=("um momento pare",)))
    assert asked(call("stop calling"), settings) == ""


def test_what_any_of_several_campaigns_looks_for_counts() -> None:
    """The first that finds a wish says how it was uttered; where none does, there is none."""
    first = OptOutSettings(languages=("de",), phrases=("basta ya",))
    second = OptOutSettings(languages=("de",), field="wish")
    assert asked(call("Basta ya!"), first, second) == asked(call("Basta ya!"), second, first)
    both = call("Basta ya!", analysis={"wish": True})
    assert asked(both, second, first) == "analysis field wish"
    assert asked(both, first, second) == "said: basta ya"
    assert asked(call("stop calling"), first, second) == ""


@pytest.mark.parametrize(
    ("analysis", "has_analysis", "is_missing"),
    [
        ({}, True, True),
        ({"post_call": None}, True, True),
        ({"post_call": {"do_not_call": False}}, True, False),
        ({"post_call": {"do_not_call": True}}, True, False),
        ({"post_call": {"do_not_call": ""}}, True, False),
        ({}, False, True),
        ({}, None, False),
    ],
)
def test_a_field_may_be_told_later(
    analysis: dict[str, Any], has_analysis: bool | None, is_missing: bool
) -> None:
    """As long as it says neither yes nor no, but not where this API has no analysis at all."""
    told = call("Hello", analysis=analysis, has_analysis=has_analysis)
    assert may_be_told_later(told, DEFAULT, OptOutSettings(field="post_call.do_not_call")) is is_missing
    assert not may_be_told_later(told, DEFAULT)


@pytest.mark.parametrize(
    "settings",
    [DEFAULT, OptOutSettings(languages=("de",), phrases=("basta ya",), outcomes=("Enough",), field="wish")],
)
def test_what_is_kept_is_read_as_it_was(settings: OptOutSettings) -> None:
    """What a campaign looks for comes back from its row in the ledger."""
    assert read_kept(json.loads(json.dumps(as_kept(settings)))) == settings


def test_of_whom_nothing_is_kept_the_defaults_hold() -> None:
    """A campaign of an older ledger looked for what is looked for by default, as far as anybody knows."""
    assert read_kept(None) == DEFAULT
    assert read_kept({}) == DEFAULT


def test_what_another_version_has_kept_is_read_as_far_as_it_is_known() -> None:
    """A language that this one does not know is looked for in all that it knows; other keys are left out."""
    kept = {"languages": ["tlh"], "phrases": ["basta ya"], "later": 1}
    assert read_kept(kept) == OptOutSettings(phrases=("basta ya",))
    assert read_kept({"languages": ["de", "tlh"]}) == DEFAULT


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
