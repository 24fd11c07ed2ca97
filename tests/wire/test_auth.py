"""The header that carries the API key."""

import pytest

from mimo_magics.core.secret import Secret
from mimo_magics.wire import openai


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        ("bearer", {"Authorization": "Bearer sk-1"}),
        ("api-key", {"api-key": "sk-1"}),
        ("x-api-key", {"x-api-key": "sk-1"}),
        ("both", {"Authorization": "Bearer sk-1", "api-key": "sk-1"}),
    ],
)
def test_the_auth_setting_selects_the_header(auth, headers):
    sent_headers = openai.headers(Secret("sk-1"), auth)
    assert sent_headers == headers
    assert all(isinstance(value, Secret) for value in sent_headers.values())


def test_without_a_key_there_is_no_header():
    assert openai.headers(Secret("")) == {}
