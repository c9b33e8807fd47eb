"""Which way each kind of write goes, by what the EHR says it can."""

import pytest
from pydantic import ValidationError

from reminder.ehr.config import EHRConfig
from reminder.ehr.writing.styles import style_of, writing
from reminder.model.answers import WriteBackKind
from reminder.model.capabilities import Capabilities, WriteStyle, Writing


def can(**changes: bool) -> Capabilities:
    values = {
        "create": False,
        "update": False,
        "patch": False,
        "slot_update": False,
        "transactions": False,
    }
    return Capabilities(published=True, **(values | changes))


def config(**styles: str) -> EHRConfig:
    values = {"base_url": "https://ehr.example.org/fhir"}
    return EHRConfig.model_validate(values | styles)


@pytest.mark.parametrize(
    ("capabilities", "styles"),
    [
        pytest.param(
            Capabilities(), "update transaction transaction", id="unpublished"
        ),
        pytest.param(
            can(update=True, slot_update=True, transactions=True),
            "update transaction transaction",
            id="everything",
        ),
        pytest.param(
            can(update=True, slot_update=True), "update update update", id="no-system"
        ),
        pytest.param(can(update=True, patch=True), "update patch patch", id="no-slots"),
        pytest.param(
            can(transactions=True, patch=True),
            "patch patch patch",
            id="transactions-without-updates",
        ),
        pytest.param(can(patch=True, create=True), "patch patch patch", id="oracle"),
        pytest.param(can(create=True), "request request rebook", id="only-create"),
        pytest.param(
            can(create=True, tasks=True), "task task rebook", id="create-and-tasks"
        ),
        pytest.param(can(update=True), "update request request", id="only-update"),
        pytest.param(can(responses=True), "response request request", id="responses"),
        pytest.param(can(tasks=True), "task task task", id="tasks"),
        pytest.param(can(), "request request request", id="read-only"),
    ],
)
def test_the_safest_style_that_is_offered(
    capabilities: Capabilities, styles: str
) -> None:
    found = writing(config(), capabilities)

    assert f"{found.confirm} {found.cancel} {found.move}" == styles


def test_what_is_configured_is_what_is_done() -> None:
    found = writing(config(confirm_by="task", move_by="rebook"), Capabilities())

    assert found == Writing(
        confirm=WriteStyle.TASK, cancel=WriteStyle.TRANSACTION, move=WriteStyle.REBOOK
    )


def test_a_cancellation_is_taken_back_as_it_was_made() -> None:
    styles = Writing(cancel=WriteStyle.PATCH)

    assert style_of(styles, WriteBackKind.REBOOK) is WriteStyle.PATCH
    assert style_of(styles, WriteBackKind.MOVE) is WriteStyle.TRANSACTION


@pytest.mark.parametrize("name", ["confirm_by", "cancel_by"])
def test_nothing_but_a_move_is_a_new_booking(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name}: rebook is a way to move only"):
        config(**{name: "rebook"})
