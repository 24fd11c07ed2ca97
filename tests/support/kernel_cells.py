"""A tool and its calls, for tests of cells in a kernel."""

from mimo_magics.core.messages import ReasoningPart, ToolCall
from support.peer import Peer


def roles(peer: Peer) -> list[str]:
    return [message["role"] for message in peer.requests[-1].body["messages"]]


WEATHER = """import mimo_magics
@mimo_magics.tool
def weather(city: str) -> str:
    'Tell the weather of a city.'
    print('looking out of the window')
    return f'Rain in {city}.'
"""


CALLS = (ReasoningPart("Hm."), ToolCall("c1", "weather", '{"city": "Tokyo"}'))
