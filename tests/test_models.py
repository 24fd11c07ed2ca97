"""What is known of the models, and the bound of the output that follows from it."""

import pytest

from mimo_magics.models import MODELS, UNKNOWN_MODEL_OUTPUT, Model, output_tokens


def test_the_figures_of_the_default_model_are_the_published_ones():
    assert MODELS["mimo-v2-pro"] == Model("mimo-v2-pro", 1_048_576, 131_072, thinks=True)


def test_every_model_stands_under_its_own_id_and_fits_its_window():
    for name, model in MODELS.items():
        assert model.id == name == name.lower()
        assert 0 < model.max_output < model.window


def test_only_v2_flash_does_not_think_by_itself():
    assert [name for name, model in MODELS.items() if not model.thinks] == ["mimo-v2-flash"]


@pytest.mark.parametrize(
    ("asked", "model", "needed", "ceiling", "sent"),
    [
        # what the user set is sent, up to what the model and the service allow
        (100, "mimo-v2-pro", False, None, 100),
        (100, "mimo-v2-pro", True, None, 100),
        (200_000, "mimo-v2-pro", False, None, 131_072),
        (200_000, "mimo-v2-flash", True, None, 65_536),
        (200_000, "mimo-v2-pro", False, 64_000, 64_000),
        (200_000, "mimo-v2-flash", False, 128_000, 65_536),
        (200_000, "someone-elses", False, None, 200_000),
        (200_000, "someone-elses", False, 4_096, 4_096),
        (1, "mimo-v2-pro", True, 64_000, 1),
        # where nothing was set, the server decides if the format lets it
        (None, "mimo-v2-pro", False, None, None),
        (None, "mimo-v2-pro", False, 64_000, None),
        (None, "someone-elses", False, None, None),
        # and otherwise the most that is allowed is sent
        (None, "mimo-v2-pro", True, None, 131_072),
        (None, "mimo-v2-flash", True, None, 65_536),
        (None, "mimo-v2-pro", True, 64_000, 64_000),
        (None, "mimo-v2-flash", True, 128_000, 65_536),
        (None, "someone-elses", True, None, UNKNOWN_MODEL_OUTPUT),
        (None, "someone-elses", True, 4_096, 4_096),
    ],
)
def test_the_bound_of_the_output(asked, model, needed, ceiling, sent):
    assert output_tokens(asked, model, needed=needed, ceiling=ceiling) == sent
