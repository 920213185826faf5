"""The `campaign` command with short waits, so that tests of kills and doubts need not wait two minutes.

All else is the product as it is: a real process, a real ledger, real HTTP.
"""

from functools import partial

from campaign.calls.timing import Timing
from campaign.cli import app, run

IMPATIENT = Timing(
    look_min_s=0.3,
    look_max_s=1.0,
    results_first_s=0.2,
    analysis_wait_s=1.0,
    results_wait_s=2.0,
    doubt_wait_s=4.0,
    doubt_look_min_s=0.5,
    doubt_look_max_s=1.0,
)

if __name__ == "__main__":
    run.carry_out = partial(run.carry_out, timing=IMPATIENT)
    app.main()
