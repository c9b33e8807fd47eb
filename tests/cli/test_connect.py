"""`reminder connect`, typed at servers of every manner; no patient is ever in it."""

import asyncio
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from reminder.app.clock import system_clock
from reminder.settings.load import load
from reminder.settings.writing import sample
from tests.cli.outside import Clinic, resources, typed
from tests.ehr.odd_server import (
    CANARIES,
    OddServer,
    Params,
    Said,
    listening,
    statement,
    unhappy,
    visit,
)
from tests.servers.sekmet import running_sync


@pytest.fixture
def server() -> OddServer:
    """Six appointments of the coming days, in three places."""
    tomorrow = system_clock().replace(microsecond=0) + timedelta(days=1)
    return OddServer([visit(n, tomorrow + timedelta(hours=n)) for n in range(6)])


@pytest.fixture
def url(server: OddServer) -> Iterator[str]:
    with listening(server) as base_url:
        yield base_url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


Connect = Callable[..., Result]
Manner = Callable[[httpx.Request, Params], Said | None]


@pytest.fixture
def connect(folder: Path) -> Connect:
    def run(*words: str) -> Result:
        config = folder / "reminder.toml"
        report = folder / "report.md"
        result = typed(
            "connect", *words, "--config", str(config), "--report", str(report)
        )
        told = result.stdout + result.stderr
        told += report.read_text() if report.exists() else ""
        told += config.read_text() if config.exists() else ""
        assert [canary for canary in CANARIES if canary in told] == []
        return result

    return run


def connections(folder: Path) -> list[dict]:
    return tomllib.loads((folder / "reminder.toml").read_text())["connection"]


def test_in_an_empty_folder_it_writes_settings_and_keys_to_start_from(
    connect: Connect, url: str, folder: Path
) -> None:
    result = connect(url)

    assert result.exit_code == 0, result.stderr
    (connection,) = connections(folder)
    assert connection["base_url"] == url
    assert connection["search_plan"] == "by-date"
    assert (folder / "keys.json").stat().st_mode & 0o777 == 0o600
    assert load(folder / "reminder.toml").settings.connection[0].name == "ehr"
    assert "Reminder can work with this EHR" in result.stdout
    assert f'+ base_url = "{url}"' in result.stdout


def test_it_names_the_locations_that_belong_to_no_clinic_ready_to_be_pasted(
    connect: Connect, url: str, folder: Path
) -> None:
    result = connect(url)

    snippet = result.stdout[result.stdout.index("  [[clinic]]") :]
    (clinic,) = tomllib.loads(snippet)["clinic"]
    assert clinic["connection"] == "ehr"
    assert clinic["locations"] == ["elm-0", "elm-1", "elm-2"]
    assert clinic["zone"]


def test_every_line_fits_a_terminal(connect: Connect, url: str) -> None:
    result = connect(url, "--no-write")

    report = result.stdout.partition("Reminder can work")[0].splitlines()
    assert max(map(len, report)) <= 80
    assert "\x1b" not in result.stdout


def test_json_is_the_whole_report_and_nothing_else(connect: Connect, url: str) -> None:
    result = connect(url, "--json")

    told = json.loads(result.stdout)
    assert told["schema"] == 1
    assert told["can_work"] is True
    assert told["search"]["plan"] == "by-date"
    assert set(told["writing"]) == {"confirm", "cancel", "move"}
    assert told["locations_without_clinic"] == {"elm-0": 2, "elm-1": 2, "elm-2": 2}
    assert told["written"].endswith("reminder.toml")
    for trial in told["trials"]:
        assert set(trial) == {"name", "tried", "verdict", "found", "instead", "needed"}
        assert trial["verdict"] in ("pass", "fail", "unknown")
    assert result.stderr == ""


def test_the_report_to_hand_on_has_every_trial_and_the_conclusions(
    connect: Connect, url: str, folder: Path
) -> None:
    connect(url)

    report = (folder / "report.md").read_text()
    rows = re.findall(r"^\| (works|fails|unknown) \|", report, re.MULTILINE)
    assert len(rows) == len(json.loads(connect("ehr", "--json").stdout)["trials"])
    assert "## Reading" in report
    assert "by-date" in report


def test_a_second_connection_is_added_beside_the_first(
    connect: Connect, url: str, folder: Path
) -> None:
    connect(url)
    before = (folder / "reminder.toml").read_text()

    result = connect(url, "--name", "north")

    assert result.exit_code == 0
    assert [each["name"] for each in connections(folder)] == ["ehr", "north"]
    assert load(folder / "reminder.toml")
    assert (
        tomllib.loads(before)["clinic"]
        == tomllib.loads((folder / "reminder.toml").read_text())["clinic"]
    )


def test_what_init_wrote_is_taken_over_by_whatever_name(
    connect: Connect, url: str, folder: Path
) -> None:
    (folder / "reminder.toml").write_text(sample())

    connect(url, "--name", "north")

    assert [each["name"] for each in connections(folder)] == ["north"]
    settings = load(folder / "reminder.toml").settings
    assert settings.clinic[0].connection == "north"


def test_what_somebody_wrote_is_changed_only_when_told_so(
    connect: Connect, url: str, folder: Path
) -> None:
    connect(url)
    file = folder / "reminder.toml"
    before = file.read_text().replace("by-date", "by-patient")
    file.write_text(before)

    shown = connect("ehr")
    assert file.read_text() == before
    written = connect("ehr", "--write")

    assert '- search_plan = "by-patient"' in shown.stdout
    assert '+ search_plan = "by-date"' in shown.stdout
    assert "--write" in shown.stdout
    assert "Wrote connection ehr" in written.stdout
    assert connections(folder)[0]["search_plan"] == "by-date"


def meanwhile(file: Path, edit: Callable[[str], str]) -> Manner:
    """Somebody else writes into the settings while the first request is answered."""
    edits = [edit]

    def manner(request: httpx.Request, params: Params) -> Said | None:
        while edits:
            file.write_text(edits.pop()(file.read_text()))
        return None

    return manner


def test_what_somebody_else_writes_meanwhile_is_kept(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    file = folder / "reminder.toml"
    file.write_text(sample())
    server.manners.append(meanwhile(file, lambda text: text + "\n# theirs\n"))

    result = connect(url)

    assert "# theirs" in file.read_text()
    assert connections(folder)[0]["base_url"] == url
    assert not [line for line in result.stdout.splitlines() if "- # theirs" in line]


def test_a_connection_that_somebody_else_changes_meanwhile_is_left_alone(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    connect(url)
    file = folder / "reminder.toml"
    theirs = file.read_text().replace("by-date", "by-patient")
    server.manners.append(meanwhile(file, lambda _: theirs))

    result = connect("ehr", "--write")

    assert file.read_text() == theirs
    assert "Run it again" in result.stdout


def test_told_not_to_write_it_writes_nothing(
    connect: Connect, url: str, folder: Path
) -> None:
    result = connect(url, "--no-write")

    assert result.exit_code == 0
    assert [each.name for each in folder.iterdir()] == ["report.md"]


def needs(*names: str) -> Callable[[httpx.Request, Params], Said | None]:
    def manner(request: httpx.Request, params: Params) -> Said | None:
        if request.url.path != "/fhir/Appointment":
            return None
        asked = {name for name, _ in params}
        return None if asked & {*names, "page"} else unhappy(400, "required")

    return manner


def test_for_a_roster_it_begins_one_and_says_so(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    server.manners.append(needs("location", "_id"))

    result = connect(url, "--location", "elm-1")

    assert result.exit_code == 0
    (connection,) = connections(folder)
    assert connection["search_plan"] == "by-roster"
    assert connection["roster"] == ["Location/elm-1"]
    assert "Complete `roster`" in result.stdout


def test_without_anybody_to_begin_a_roster_with_it_asks_for_one(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    server.visits = []

    result = connect(url, "--profile", "cerner")

    assert result.exit_code == 0, result.stderr
    assert "reading  by-roster. Not proven" in result.stdout
    assert "needs a roster" in result.stdout
    assert not (folder / "reminder.toml").exists()


def test_a_make_that_wants_a_roster_is_recognised_without_one(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    server.statement = statement() | {"publisher": "Oracle Health"}
    server.manners.append(needs("location", "practitioner", "patient", "_id"))

    result = connect(url, "--practitioner", "lee-1")

    assert result.exit_code == 0, result.stderr
    (connection,) = connections(folder)
    assert connection["profile"] == "oracle-health"
    assert connection["search_plan"] == "by-roster"
    assert connection["roster"]
    assert load(folder / "reminder.toml").settings.connection[0].longest_visit_h == 12


def test_for_patients_it_says_what_is_still_missing(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    server.manners.append(needs("patient", "_id"))

    result = connect(url, "--patient", "patient-canary-2")

    assert connections(folder)[0]["search_plan"] == "by-patient"
    assert "patients_file" in result.stdout


def test_a_make_that_is_recognised_is_written_with_what_is_known_of_it(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    server.statement = statement() | {"publisher": "Epic"}

    result = connect(url)

    assert connections(folder)[0]["profile"] == "epic"
    settings = load(folder / "reminder.toml").settings
    assert settings.connection[0].move_by == "request"
    assert settings.connection[0].search_plan == "by-date"
    assert "murph PR 3505" in result.stdout


def test_what_cannot_work_ends_with_one_and_writes_nothing(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    server.statement = statement() | {"fhirVersion": "3.0.1"}

    result = connect(url)

    assert result.exit_code == 1
    assert "This is FHIR STU3" in result.stdout
    assert "trials were not held" in result.stdout
    assert len(result.stdout.splitlines()) < 30
    assert "cannot work with this EHR as it is: see fhir-version" in result.stdout
    assert not (folder / "reminder.toml").exists()


def test_a_server_nobody_hears_is_a_report_and_no_traceback(connect: Connect) -> None:
    result = connect("http://127.0.0.1:9/fhir")

    assert result.exit_code == 1
    assert "ConnectError" in result.stdout


def test_a_token_is_used_and_only_its_reference_written(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    (folder / "ehr-token").write_text("t0ken\n")

    result = connect(url, "--auth", "bearer", "--token", "file:ehr-token")

    assert result.exit_code == 0
    assert server.asked[-1].headers["authorization"] == "Bearer t0ken"
    assert connections(folder)[0]["auth"] == {
        "kind": "bearer",
        "token": "file:ehr-token",
    }
    assert "t0ken" not in (result.stdout + (folder / "reminder.toml").read_text())


def test_what_the_scopes_do_not_allow_is_said_where_writing_is_concluded(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    (folder / "secret").write_text("s3cret\n")
    token = {"access_token": "t0ken", "token_type": "bearer"}
    token |= {"scope": "system/Appointment.rs system/Patient.rs"}
    server.manners.append(
        lambda request, _: (
            httpx.Response(200, json=token) if request.url.path == "/token" else None
        )
    )
    address = url.replace("/fhir", "/token")
    words = ("--client-id", "reminder", "--client-secret", "file:secret")

    result = connect(
        url, "--auth", "client-credentials", *words, "--token-url", address
    )

    assert result.exit_code == 0, result.stderr
    concluded = result.stdout.partition("writing ")[2]
    assert "confirm: request" in concluded
    assert "scope system/Appointment.u is missing" in concluded
    assert "is missing" in (folder / "report.md").read_text().partition("## Writing")[2]


def test_headers_are_written_as_references(
    connect: Connect, server: OddServer, url: str, folder: Path
) -> None:
    (folder / "gateway").write_text("k3y\n")

    result = connect(url, "--header", "Ocp-Apim-Subscription-Key=file:gateway")

    assert result.exit_code == 0, result.stderr
    assert server.asked[-1].headers["ocp-apim-subscription-key"] == "k3y"
    assert connections(folder)[0]["headers"] == {
        "Ocp-Apim-Subscription-Key": "file:gateway"
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["ehr.example.org/fhir"], 2, "https://", id="no-scheme"),
        pytest.param(["ftp://ehr.example.org"], 2, "https://", id="another-scheme"),
        pytest.param(["north"], 2, "no connection named north", id="unknown-name"),
        pytest.param([], 2, "Which EHR?", id="nothing"),
        pytest.param(
            ["http://ehr.example.org/fhir"], 3, "http:// is only", id="plain-http"
        ),
        pytest.param(
            ["https://ehr.example.org/fhir?x=1"], 3, "before ? and #", id="a-query"
        ),
        pytest.param(
            ["http://localhost/fhir", "--token", "t0ken"],
            2,
            "does not belong on the command line",
            id="a-secret",
        ),
        pytest.param(
            ["http://localhost/fhir", "--header", "x-api-key=t0ken"],
            2,
            "does not belong on the command line",
            id="a-secret-header",
        ),
        pytest.param(
            ["http://localhost/fhir", "--client-id", "reminder"],
            2,
            "Add --auth",
            id="no-kind",
        ),
        pytest.param(
            ["http://localhost/fhir", "--auth", "basic", "--token", "file:x"],
            2,
            "--token",
            id="not-of-this-kind",
        ),
        pytest.param(
            ["http://localhost/fhir", "--auth", "smart", "--client-id", "reminder"],
            3,
            "private_key",
            id="half-a-credential",
        ),
        pytest.param(
            ["http://localhost/fhir", "--profile", "epik"],
            3,
            "oracle-health",
            id="unknown-profile",
        ),
        pytest.param(
            ["http://localhost/fhir", "--token", "file:nowhere"],
            3,
            "nowhere cannot be read",
            id="no-such-file",
        ),
    ],
)
def test_what_was_typed_wrong_is_named_and_nothing_is_asked_or_written(
    connect: Connect, folder: Path, words: list[str], code: int, said: str
) -> None:
    result = connect(*words)

    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert "t0ken" not in result.stdout + result.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("tail", ["/", "/metadata", "/metadata/"])
def test_what_is_copied_beside_an_address_is_taken_off(
    connect: Connect, url: str, folder: Path, tail: str
) -> None:
    connect(url + tail)

    assert connections(folder)[0]["base_url"] == url


def test_the_makes_that_are_known_are_listed() -> None:
    result = typed("connect", "--profiles")

    assert result.exit_code == 0
    assert "athenahealth" in result.stdout
    assert json.loads(typed("connect", "--profiles", "--json").stdout)[0]["limit"]


def test_a_connection_in_use_is_examined_as_it_is_set(clinic: Clinic) -> None:
    before = clinic.file.read_text()

    result = clinic.types("connect", "sandbox", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["search"]["plan"] == "by-date"
    assert told["locations"] == {"elm": 2, "van": 1}
    assert told["locations_without_clinic"] == {"van": 1}
    assert clinic.file.read_text() == before


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        pytest.param("system/*.cruds", "", id="all"),
        pytest.param(
            "system/Appointment.rs system/Patient.rs", "system/Slot.rs", id="some"
        ),
    ],
)
def test_an_ehr_that_demands_a_signed_token_is_connected_in_one_command(
    connect: Connect, folder: Path, tmp_path: Path, scopes: str, missing: str
) -> None:
    made = typed(
        "keys",
        "new",
        str(folder / "key.pem"),
        "--alg",
        "ES384",
        "--json",
        "--config",
        str(folder / "reminder.toml"),
    )
    client = {
        "client_id": "reminder",
        "jwks": {"keys": [json.loads(made.stdout)["jwk"]]},
        "scopes": scopes,
    }
    (tmp_path / "sekmet").mkdir()
    auth = {"types": ["smart", "bearer"], "tokens": ["own"], "smart_clients": [client]}

    with running_sync(
        tmp_path / "sekmet",
        settings={"server_auth": auth},
        headers={"Authorization": "Bearer own"},
    ) as smart:
        asyncio.run(smart.put(*resources()))
        without = connect(smart.base_url)
        result = connect(
            smart.base_url,
            "--client-id",
            "reminder",
            "--private-key",
            "file:key.pem",
            "--json",
        )

    assert without.exit_code == 1
    assert "It asks for a credential" in without.stdout
    told = json.loads(result.stdout)
    trials = {each["name"]: each for each in told["trials"]}
    assert result.exit_code == 0, result.stdout
    assert trials["authentication"]["found"] == {"credential": "smart"}
    assert missing in str(trials["scopes"]["found"])
    assert trials["scopes"]["verdict"] == ("fail" if missing else "pass")
    assert connections(folder)[0]["auth"]["kind"] == "smart"
