"""The agent: what its first message says, asked before a list is checked. Nobody is called."""

from collections.abc import Sequence

import anyio

from campaign.contacts.files.naming import cut
from campaign.errors import CampaignError
from campaign.models import Agent
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound
from campaign.settings import Environment

PATIENCE_S = 5.0


def spoken_variables(agent_id: str, environment: Environment) -> tuple[Sequence[str], str]:
    """The variables in the agent's first message.

    Whoever cannot ask goes on with what `contacts.required` names, and says so. When the key or the agent is
    at fault, the first dial ends the run before anybody is called.

    Returns:
        The names, and a note for the operator when the message was not read, or not all of it.
    """
    try:
        agent = anyio.run(_ask, agent_id, environment)
    except NotFound:
        why = f"OneInbox knows no agent {agent_id}"
    except KeyRefused:
        why = "OneInbox refused the API key"
    except ApiError:
        why = "OneInbox could not be asked"
    except CampaignError as error:
        why = str(error)
    else:
        odd = ", ".join(map(cut, agent.odd_placeholders))
        return agent.placeholders, f"the agent's first message has {odd}, which is not checked" if odd else ""
    return (), f"the agent's first message was not read ({why}), so its variables are not checked"


async def _ask(agent_id: str, environment: Environment) -> Agent:
    api = OneInbox(environment.base_url(), environment.api_key(), proxy=environment.proxy())
    async with api:
        with anyio.move_on_after(PATIENCE_S):
            return await api.get_agent(agent_id)
    raise ApiError("no answer in time")
