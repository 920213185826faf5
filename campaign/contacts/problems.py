"""Problems: every reason for which a row is not called, with the cure that mends all rows that have it."""

from dataclasses import dataclass

from campaign.settings import FORM


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row."""

    code: str
    """The same for all rows with this problem, and from version to version."""
    reason: str
    """For the row: what is wrong."""
    cure: str
    """For the operator: what to do about all of them."""


AS_TEXT = "format the column as text and enter the numbers again, with a plus"
BY_HAND = "write one number, as a plus and digits"

MISSING = Problem("missing", "the phone number is missing", "fill the cell, or leave the row out")
SCIENTIFIC = Problem(
    "scientific_notation", "scientific notation: the spreadsheet has lost digits of this number", AS_TEXT
)
FLOAT_TAIL = Problem(
    "float_tail", "a decimal number: the spreadsheet took this phone number for an amount", AS_TEXT
)
ONE_DOT = Problem(
    "one_dot", "its one dot could be a decimal point", "write the number without dots, as a plus and digits"
)
SPREADSHEET_ERROR = Problem(
    "spreadsheet_error", "the cell shows an error of the spreadsheet", "mend the formula, or enter the value"
)
MINUS = Problem("minus", "a minus sign stands in front", BY_HAND)
HIDDEN = Problem(
    "hidden_characters", "hidden characters stand between the digits", "type the number again by hand"
)
MIXED_DIGITS = Problem(
    "mixed_digits", "digits of several scripts stand in one number", "type the number again by hand"
)
EXTENSION = Problem(
    "extension",
    "an extension stands behind the number, and a call cannot dial it",
    "leave the row out, or write the number alone if its main line may be called",
)
LETTERS = Problem("letters", "it has letters, which would be dialled as digits or lost", BY_HAND)
TWO_NUMBERS = Problem("two_numbers", "this looks like two numbers", "keep the one that is to be called")
ODD_CHARACTERS = Problem("odd_characters", "it has characters that no phone number has", BY_HAND)
NOT_A_NUMBER = Problem("not_a_number", "this is not a phone number", BY_HAND)
TOO_FEW = Problem("too_few_digits", "too few digits", "look the number up; digits are missing")
TOO_MANY = Problem("too_many_digits", "too many digits", "look the number up; it has digits too many")
BEYOND_15 = Problem(
    "beyond_15_digits",
    "more than 15 digits, the most that a phone number has; spreadsheets change what is beyond",
    "look the number up, and enter it as text",
)
COUNTRY_CODE = Problem("country_code", "there is no such country code", BY_HAND)
NO_RANGE = Problem(
    "no_such_range",
    "there is no such number range; a digit is wrong or missing",
    "look the number up; a digit is wrong or missing",
)
NO_COUNTRY = Problem(
    "no_country",
    "no plus in front and no contacts.default_region set: the country is unknown",
    "write a plus and the country code, or set contacts.default_region",
)
LOST_PLUS = Problem(
    "lost_plus",
    "the plus in front of the country code is missing",
    "write the plus; the proposals have it",
)
PERHAPS_LOST_PLUS = Problem(
    "lost_plus",
    "it is one number as it stands, and another one if the plus in front of the country code is missing",
    "write the number that is meant with a plus and its country code",
)
LOST_ZERO = Problem(
    "lost_zero",
    "the zero in front of the area code is missing, as spreadsheets drop it",
    "write a plus and the country code; the proposals have them",
)
ZEROS_FOR_PLUS = Problem(
    "zeros_for_plus", "00 stands in place of the plus", "write the plus; the proposals have it"
)
CHANGED_DIGITS = Problem(
    "changed_digits", "the digits cannot be read without changing them; write a plus and digits", BY_HAND
)
EMERGENCY = Problem("emergency", "it would reach an emergency service", "leave the row out")
SHORT = Problem("short_number", "a short number of one country or one network", "leave the row out")
NO_PERSON = "leave the row out: nobody can be called there, or calls cost extra"
WORLD = Problem("no_countrys_number", "a number of no country (satellite, international service)", NO_PERSON)
BLOCKED_TYPE = "leave the row out, or take the type from contacts.block_types"
NO_ZONE = Problem(
    "no_time_zone",
    "no time zone is known for this number",
    "add a column with the time zone, and name it in contacts.timezone, or set contacts.default_timezone",
)
BAD_ZONE = Problem(
    "bad_time_zone",
    "no time zone of a place",
    "write an IANA name like America/New_York, not UTC or EST, or leave the cell empty",
)
BAD_MOMENT = Problem(
    "bad_time",
    "not a date or time that can be read in one way",
    f"write it like {FORM}; in a spreadsheet, with such a format or as text",
)
NO_TIME_LEFT = Problem(
    "no_time_left",
    "it is not later than not_before, so that this person could never be called",
    "mend one of the two cells, or leave the row out",
)
NOT_IN_POOL = Problem(
    "not_in_pool",
    "not one of from_numbers in the campaign file",
    "write a number of from_numbers exactly as it stands there, or leave the cell empty",
)
BAD_AGENT = Problem(
    "bad_agent",
    "this cannot be the id of an agent",
    "write the id as OneInbox shows it, like agt_abc123, or leave the cell empty for the campaign's agent",
)
BAD_STATE = Problem(
    "bad_state",
    "this is not a state of the United States",
    "write two letters like FL, or leave the cell empty: then the area code tells the state",
)
NO_KEY = Problem("key_missing", "the key is missing", "fill the cell, or leave out contacts.key")
FIRST_IS_CALLED = "nothing to do: the first of them is called"
DUPLICATE_NUMBER = Problem("duplicate_number", "the same number as in an earlier row", FIRST_IS_CALLED)
DUPLICATE_KEY = Problem("duplicate_key", "the same key as in an earlier row", FIRST_IS_CALLED)
DUPLICATES = {problem.code: problem for problem in (DUPLICATE_NUMBER, DUPLICATE_KEY)}
"""By code: what all rows that repeat an earlier one have in common, while each names its own."""


def repeats(problem: Problem, row: int) -> str:
    """The reason of one duplicate, with the number of the row that it repeats."""
    what = "number" if problem is DUPLICATE_NUMBER else "key"
    return f"the same {what} as in row {row}"


def special_type(name: str) -> Problem:
    """A number of a type that is nobody's phone: premium rate, shared cost, pager and the like."""
    return Problem("special_number", f"a special number ({name}), not a person's", NO_PERSON)


def blocked_type(name: str) -> Problem:
    """A number of a type that the campaign file does not want."""
    return Problem("blocked_type", f"a number of a blocked type ({name})", BLOCKED_TYPE)


def foreign(region: str, countries: frozenset[str]) -> Problem:
    """A valid number of a country that is not to be called."""
    listed = ", ".join(sorted(countries)[:8]) + (" ..." if len(countries) > 8 else "")
    return Problem(
        "country_not_allowed",
        f"a number of {region}, which is not among the allowed countries ({listed})",
        f"leave the row out, or add {region} to contacts.countries",
    )


def no_value(name: str) -> Problem:
    """The agent needs this variable, and the row has nothing to say."""
    return Problem(
        "value_missing",
        f"no value for {name}, which the agent needs",
        "fill the cells, or leave the rows out",
    )


def value_has(what: str) -> Problem:
    """A variable holds something that must not be spoken or sent."""
    return Problem(
        "unsafe_value",
        f"the value has {what}",
        "mend the cells; or, when the agent does not need the column, leave it out of contacts.variables",
    )


def value_too_long(limit: int) -> Problem:
    """A variable is longer than anything an agent would say."""
    return Problem(
        "value_too_long",
        f"the value is longer than {limit:,} characters",
        "shorten it; or, when the agent does not need the column, leave it out of contacts.variables",
    )
