"""The services that have a preset."""

import pytest

from mimo_magics.core.errors import BadOption
from mimo_magics.core.models import MODELS
from mimo_magics.core.services import (
    CUSTOM_FIELDS,
    LOCAL_SERVICE,
    SERVICES,
    Service,
    ServiceFields,
    create_custom_service,
    find_service,
)


def test_a_service_is_found_by_its_name() -> None:
    assert {name: find_service(name).name for name in SERVICES} == {
        "mimo-v2": "mimo-v2",
        "xiaomi": "xiaomi",
        "local": "local",
    }
    assert find_service("local") is LOCAL_SERVICE


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("xiaome", "Did you mean xiaomi?"),
        ("mimo", "Did you mean mimo-v2?"),
        ("openai", "Available: mimo-v2, xiaomi, local."),
    ],
)
def test_an_unknown_service_is_an_error_with_a_suggestion_or_the_list(name: str, hint: str) -> None:
    with pytest.raises(BadOption) as error:
        find_service(name)
    assert (str(error.value), error.value.hint) == (f"Unknown preset {name!r}.", hint)


def test_the_default_model_of_each_service_is_a_known_model() -> None:
    assert [service.name for service in SERVICES.values() if service.model not in MODELS] == []


def test_each_remote_service_has_an_https_base_url_and_an_auth_header_for_both_formats() -> None:
    for service in SERVICES.values():
        assert set(service.auth) == {"openai", "anthropic"}
        assert set(service.base_urls) == (set() if service is LOCAL_SERVICE else {"openai", "anthropic"})
        assert all(url.startswith("https://") for url in service.base_urls.values())


@pytest.mark.parametrize(
    ("host", "fields"),
    [
        ("api.mimo-v2.com", ServiceFields()),
        ("token-plan-cn.xiaomimimo.com", ServiceFields()),
        ("xiaomimimo.com", ServiceFields()),
        ("127.0.0.1", CUSTOM_FIELDS),
        ("not-xiaomimimo.com", CUSTOM_FIELDS),
        ("xiaomimimo.com.outside.invalid", CUSTOM_FIELDS),
        ("", CUSTOM_FIELDS),
    ],
)
def test_a_custom_base_url_gets_the_fields_of_its_host(host: str, fields: ServiceFields) -> None:
    service = create_custom_service("m", "openai", f"https://{host}/v1", host, {"openai": "bearer"})
    assert service == Service(
        "other", "m", {"openai": f"https://{host}/v1"}, {"openai": "bearer"}, fields=fields
    )
