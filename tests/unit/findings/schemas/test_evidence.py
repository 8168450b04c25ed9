"""Every field of evidence says what it means and how it looks."""

import pytest

from app.findings.schemas import evidence, findings
from app.findings.schemas.results import ResultPage
from app.rest.schemas import ResponseBody

MODELS = [
    model
    for module in (evidence, findings)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, ResponseBody) and model.__module__ == module.__name__
]


@pytest.mark.parametrize("model", MODELS)
def test_every_field_has_a_description_and_an_example(model):
    own = {name: field for name, field in model.model_fields.items() if name in model.__annotations__}
    assert own
    assert all(field.description and field.examples for field in own.values())
    assert model.__doc__


def test_lists_are_pages_as_all_others():
    assert issubclass(findings.FindingPage, ResultPage)
    assert issubclass(findings.ReferencePage, ResultPage)
