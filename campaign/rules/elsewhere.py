"""The gate of other campaigns: while the fate of one call is unknown, no other goes to that person."""

from datetime import datetime, timedelta

from campaign.models import AttemptState, RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings

UNSETTLED_WAIT = timedelta(minutes=1)


def _ask(person: Person, _settings: CampaignSettings, now: datetime) -> Verdict:
    match person.unsettled_elsewhere:
        case None:
            return YES
        case AttemptState.NEEDS_REVIEW:
            return Verdict(
                may_dial=False,
                status=RowStatus.NEEDS_REVIEW,
                reason="another campaign's call to this person needs review first",
            )
        case _:
            return Verdict(
                may_dial=False,
                reason="another campaign's call to this person is not settled",
                not_before=now + UNSETTLED_WAIT,
            )


def _looks_at(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    if person.unsettled_elsewhere is None:
        return "no other campaign has a call to this number under way"
    return f"a call of another campaign is {person.unsettled_elsewhere}"


OTHER_CAMPAIGNS = Gate("other campaigns", _ask, _looks_at)
