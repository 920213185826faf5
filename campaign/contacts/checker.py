"""The checker: chunks of a list in; out, each row with its number and zones or with what is wrong."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from campaign.contacts import own, phone, plans, problems, values
from campaign.contacts.columns import Columns
from campaign.contacts.files.reading import Record
from campaign.contacts.own import OwnColumns
from campaign.contacts.phone import GoodNumber, NumberRules
from campaign.contacts.rows import CheckedRows, Fault, key_of, state_of, zones_of
from campaign.models import E164
from campaign.settings import ELSEWHERE, is_place, state_of_number


class Checker:
    """Checks a list chunk by chunk, column by column."""

    def __init__(
        self,
        headings: Sequence[str],
        where: Columns,
        rules: NumberRules,
        required: frozenset[str],
        *,
        spoken: Collection[str] = (),
        agent_id: str | None = None,
        default_timezone: str | None = None,
        pool: Collection[str] | None = None,
    ) -> None:
        """Start without rows.

        Args:
            headings: The names of all columns.
            where: Which of them mean what.
            rules: Which numbers may be called.
            required: Variables that must have a value.
            spoken: Those among them that must because the campaign's agent says them.
            agent_id: That agent. What the agent of a row's own says is not looked at here.
            default_timezone: Of numbers that have none of their own.
            pool: The from numbers; None where nobody knows them.
        """
        self.repairs: Counter[str] = Counter()
        """Numbers that were mended, by what was wrong."""
        self.national = 0
        """Numbers without a country code, which the default region decided."""
        self.for_campaigns_agent = 0
        """Rows that have no agent of their own."""
        self._spoken = frozenset(spoken)
        self._agent_id = agent_id
        self._headings = headings
        self._where = where
        self._rules = rules
        self._required = required
        self._default_timezone = default_timezone
        self._pool = pool
        places = (where.not_before, where.valid_until, where.from_number, where.agent_id)
        self._own = OwnColumns(*places)
        self._quick = plans.quick_reader(rules)
        self._zone_exists: dict[str, bool] = {}
        place = {position: at for at, position in enumerate(where.kept)}
        self.rows = CheckedRows(
            variables=[(place[position], name) for position, name in where.variables],
            timezone=place[where.timezone] if where.timezone is not None else None,
            default_timezone=default_timezone,
            key=place[where.key] if where.key is not None else None,
            own_columns=OwnColumns(*(place[at] if at is not None else None for at in places)),
            state=place[where.state] if where.state is not None else None,
            consent=place[where.consent] if where.consent is not None else None,
        )

    def check(self, chunk: Sequence[Record]) -> None:
        """Take some rows of the list. Those without any cell are no rows."""
        where = self._where
        records = [
            record for record in chunk if record[1][where.phone].strip() or any(map(str.strip, record[1]))
        ]
        if not records:
            return
        cells = list(zip(*(record[1] for record in records), strict=True))
        faults: dict[int, Fault] = {}
        others = self._with_other_agents(cells)
        self.for_campaigns_agent += len(records) - len(others)
        # What is found first is what the operator is told, so the phone number comes last.
        for position, name in reversed(where.variables):
            is_required = name in self._required
            found = values.objections(cells[position], name=name, required=is_required)
            if name in self._spoken:
                nothing = problems.no_value(name)
                found = {at: each for at, each in found.items() if each != nothing or at not in others}
            faults |= {at: (problem, self._headings[position]) for at, problem in found.items()}
        if where.key is not None:
            faults |= _missing_keys(cells[where.key], self._headings[where.key])
        phones, zones, proposals = self._read_phones(cells, faults)
        if not self._own.is_empty:
            self._check_own(records, zones, faults)
        if where.state is not None:
            faults |= _bad_states(cells[where.state], phones, self._headings[where.state], faults)
        self.rows.add(
            [record[0] for record in records],
            [cells[position] for position in where.kept],
            phones=phones,
            zones=zones,
            faults=faults,
            proposals=proposals,
        )

    def _with_other_agents(self, cells: Sequence[Sequence[str]]) -> frozenset[int]:
        """The places of rows that another agent than the campaign's is to call."""
        if self._where.agent_id is None:
            return frozenset()
        column = cells[self._where.agent_id]
        return frozenset(at for at, cell in enumerate(column) if cell.strip() not in ("", self._agent_id))

    def _read_phones(
        self, cells: Sequence[Sequence[str]], faults: dict[int, Fault]
    ) -> tuple[list[int], list[tuple[str, ...]], dict[int, E164]]:
        """Numbers and zones of a chunk; what is wrong with them is added to the faults."""
        where, heading = self._where, self._headings[self._where.phone]
        column = cells[where.phone]
        verdicts = list(map(self._quick, column))
        numbers = [0] * len(column)
        found: list[tuple[str, ...]] = []
        proposals: dict[int, E164] = {}
        for at, (cell, quick) in enumerate(zip(column, verdicts, strict=True)):
            if quick is not None:
                numbers[at] = int(cell)
                found.append(quick)
                continue
            verdict = plans.quick_lost_plus(cell, self._quick, self._rules) or phone.read(cell, self._rules)
            if isinstance(verdict, GoodNumber):
                numbers[at] = int(verdict.number)
                found.append(verdict.time_zones)
                self.repairs.update(verdict.repairs)
                self.national += verdict.is_national
            else:
                found.append(())
                faults[at] = (verdict.problem, heading)
                if verdict.proposal is not None:
                    proposals[at] = verdict.proposal
        self._check_zones(cells, numbers, found, faults)
        return numbers, found, proposals

    def _check_zones(
        self,
        cells: Sequence[Sequence[str]],
        numbers: Sequence[int],
        zones: Sequence[tuple[str, ...]],
        faults: dict[int, Fault],
    ) -> None:
        where, headings = self._where, self._headings
        has_default = self._default_timezone is not None
        if where.timezone is None:
            for at, found in enumerate(zones):
                if not found and numbers[at] and not has_default:
                    faults[at] = (problems.NO_ZONE, headings[where.phone])
            return
        for at, cell in enumerate(cells[where.timezone]):
            if not numbers[at]:
                continue
            zone = cell.strip()
            if zone and not self._zone_is_known(zone):
                faults[at] = (problems.BAD_ZONE, headings[where.timezone])
            elif not zone and not zones[at] and not has_default:
                faults[at] = (problems.NO_ZONE, headings[where.phone])

    def _check_own(
        self, records: Sequence[Record], zones: Sequence[tuple[str, ...]], faults: dict[int, Fault]
    ) -> None:
        column = self._where.timezone
        for at, (_, cells) in enumerate(records):
            if at in faults:
                continue
            cell = cells[column] if column is not None else ""
            found, _ = zones_of(cell, zones[at], self._default_timezone)
            for problem, position in own.objections(cells, self._own, found, self._pool):
                faults.setdefault(at, (problem, self._headings[position]))

    def _zone_is_known(self, name: str) -> bool:
        if name not in self._zone_exists:
            self._zone_exists[name] = is_place(name)
        return self._zone_exists[name]


def _missing_keys(keys: Sequence[str], heading: str) -> Iterator[tuple[int, Fault]]:
    return ((at, (problems.NO_KEY, heading)) for at, key in enumerate(keys) if not key_of(key))


def _bad_states(
    states: Sequence[str], phones: Sequence[int], heading: str, known: Collection[int]
) -> Iterator[tuple[int, Fault]]:
    """Cells that name no state, of numbers that may be of the United States."""
    for at, (cell, number) in enumerate(zip(states, phones, strict=True)):
        is_odd = cell.strip() and not state_of(cell) and number and at not in known
        if is_odd and state_of_number(f"+{number}") != ELSEWHERE:
            yield at, (problems.BAD_STATE, heading)
