"""How long the runner waits for what, in seconds. Tests and the demo pass their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Waits of one run. The defaults suit real calls."""

    look_min_s: float = 2.0
    look_max_s: float = 10.0
    """Bounds of the time between two looks at a live call."""
    net_look_s: float = 60.0
    """The same for a call that is connected, while events tell of every end."""
    hint_look_s: float = 0.5
    """Whether a listener has left hints is looked at so often."""
    results_first_s: float = 2.0
    """Results are written after a call's end; the first look that counts is so much later."""
    doubles_look_s: float = 60.0
    """While calls are followed, a page of the list is read at least so often, and at the first look at each,
    to see whether any request has made more than one."""
    closing_lead_s: float = 15.0
    """A call that is still queued is stopped so long before its hours close: longer than the time between two
    looks, as the stop has to be there before it rings."""
    drain_s: float = 60.0
    """After a signal, calls that have not been connected are waited for so long, and stopped then: for less
    than a service manager waits."""
    analysis_wait_s: float = 10.0
    """With the transcript in, the analysis is awaited so long after the end."""
    results_wait_s: float = 30.0
    """After that, an empty transcript is final."""
    late_first_s: float = 20.0
    """At the end of a run, calls that settled without all their results are looked at so long afterwards."""
    late_longest_s: float = 300.0
    """Such looks take no longer; what they leave is for the next run."""
    unread_wait_s: float = 60.0
    """A look for late results holds for so long; before a later dial of their person comes another one.
    When a look fails its person waits for so long, and each further time for twice as long."""
    end_margin_s: float = 300.0
    """A call without an end so long after the longest that it may last needs review."""
    foreign_longest_s: float = 7200.0
    """The same for a call that another campaign left behind, from its placing."""
    stale_s: float = 5.0
    """A request that is so late after its start is not sent; pace and gates are asked again."""
    doubt_wait_s: float = 120.0
    """A call in doubt may still turn up in the provider's list for so long; at least twice the deadline
    of a create-call request."""
    doubt_look_min_s: float = 1.0
    doubt_look_max_s: float = 30.0
    """Bounds of the time between two looks for calls in doubt."""
    clock_skew_s: float = 300.0
    """The provider's clock and ours may differ by so much."""
    api_patience_s: float = 300.0
    """When OneInbox cannot be reached for so long, the run ends."""
    throttle_patience_s: float = 1800.0
    """When OneInbox has answered nothing but 429 for so long, the run ends."""
    preflight_s: float = 15.0
    """When OneInbox cannot be reached for so long before anybody was called, the run ends as well."""
    backoff_s: float = 2.0
    backoff_max_s: float = 60.0
    """Bounds of the pause after a 429 without Retry-After, and after a request that was not sent."""
    recording_wait_s: float = 120.0
    """A recording that is not there so long after the end of its call is left to the next run."""
    recording_longest_s: float = 300.0
    """To fetch one takes no longer."""
    recording_disk_s: float = 60.0
    """A disk that has not answered for so long gets no more recordings in this run."""
    recording_drain_s: float = 60.0
    """What is not kept yet at the end of a run is waited for as long as this has not passed without one more
    that is kept, and after the deadline no longer than this."""
    recording_drain_longest_s: float = 1800.0
    """And never longer than this."""
    longest_idle_s: float = 3600.0
    """When no row may be dialled sooner than this, the run ends and the next one goes on."""
    hook_again_s: float = 900.0
    """Where the hook says no and not until when, it is asked about the row again after so long."""
    hook_retry_s: float = 300.0
    """The same where the hook has failed."""
    suppression_look_s: float = 60.0
    """Whether a suppression list or the file of days off has changed is looked at so often."""
    suppression_stale_s: float = 300.0
    """When the lists were last read so long ago, nobody is dialled until they are read again."""
    suppression_longest_s: float = 600.0
    """To read them, or the file of days off, takes no longer; else the run ends."""
    clock_look_s: float = 5.0
    """Whether the wall clock was set is looked at so often, and before each request."""
    progress_s: float = 1.0
    """How the run stands is read and shown so often."""
    refresh_min_s: float = 10.0
    refresh_share: float = 0.05
    """The result file is rewritten at most so often, and for at most this share of the run's time."""
    reader_patience_s: float = 120.0
    """Who reads the ledger while it is checked after a cut-off run is waited for so long."""
    ledger_longest_s: float = 600.0
    """When the ledger does not answer for so long, the run ends."""
    step_longest_s: float = 1800.0
    """To enrol a list, write a result file or close the ledger takes no longer, for a million rows on a
    slow disk either."""
    question_longest_s: float = 1800.0
    """An answer is waited for no longer, as whoever asks has the ledger meanwhile."""
    stall_look_s: float = 30.0
    """Whether anything still moves is looked at so often."""
    beat_s: float = 1.0
    """The event loop shows the watchdog so often that it runs."""
    hang_s: float = 120.0
    """When it has not for so long, the watchdog ends the process."""
