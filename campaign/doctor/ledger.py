"""The ledger: can it be opened, is it the newest, who has it, and what disk is it on?"""

import os
from pathlib import Path

from campaign.doctor.finding import Finding, note, of_error, ok, problem, unknown
from campaign.errors import CampaignError
from campaign.ledger import disk, peek
from campaign.ledger.peek import Sight
from campaign.rules.opening import closing_command

LEDGER, LOCK, DISK, BREAKER = "ledger", "run lock", "ledger's disk", "breaker"
ELSEWHERE = "put it on a disk of this machine, with --ledger or CAMPAIGN_LEDGER"


def examine(location: str, campaign: str | None, *, ledger_flag: str = "") -> list[Finding]:
    """How the ledger stands, and what stops dialling by it.

    Args:
        location: Where it is.
        campaign: Whose breakers count beside those of the account.
        ledger_flag: What a command that is advised needs to open it: an option after a blank.
    """
    try:
        sight = peek.look(location, campaign)
    except CampaignError as error:
        return [of_error(LEDGER, error)]
    return [_ledger(sight), *_lock(sight), *_disk(sight), *_breakers(sight, ledger_flag)]


def _ledger(sight: Sight) -> Finding:
    if sight.version is None and sight.path is not None:
        folder = _nearest(sight.path.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            cause = f"there is none yet, and none can be made in {folder}"
            return problem(LEDGER, cause, "choose another place with --ledger or CAMPAIGN_LEDGER")
    if sight.version is None:
        return ok(LEDGER, f"there is none yet; the first run makes {sight.where}")
    if sight.version > peek.NEWEST:
        cause = f"{sight.where} has schema {sight.version}, and this version of campaign knows {peek.NEWEST}"
        return problem(LEDGER, cause, "install the newer version")
    if sight.trouble:
        cause, _, cure = sight.trouble.partition(". ")
        return problem(LEDGER, cause, cure)
    older = f"; the next run brings it to {peek.NEWEST}" if sight.version < peek.NEWEST else ""
    return ok(LEDGER, f"{sight.where}, schema {sight.version}{older}")


def _lock(sight: Sight) -> list[Finding]:
    if sight.held_by:
        return [note(LOCK, f"in use by {sight.held_by}", "another run starts when that has ended (exit 75)")]
    if sight.was_cut_off:
        return [ok(LOCK, "free; the last run was cut off, so the next one checks the ledger first")]
    return [ok(LOCK, "free")] if sight.version is not None else []


def _disk(sight: Sight) -> list[Finding]:
    if sight.path is None:
        return []
    if sight.file_system is None:
        return [unknown(DISK, "this machine does not tell what kind it is")]
    if trouble := disk.objection(sight.file_system):
        return [problem(DISK, trouble, ELSEWHERE)]
    return [ok(DISK, f"of this machine ({sight.file_system})")]


def _breakers(sight: Sight, ledger_flag: str) -> list[Finding]:
    return [
        problem(
            BREAKER,
            f"{each.campaign}: {each.cause}",
            f"{each.cure}, then {closing_command(each.campaign, ledger_flag=ledger_flag)}",
        )
        for each in sight.breakers
        if each.needs_reset
    ]


def _nearest(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
