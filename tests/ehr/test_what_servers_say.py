"""What each status means to a write, in every style; and servers without versions."""

import httpx
import pytest

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import said
from tests.ehr.small_server import (
    KEY,
    SmallServer,
    clinic,
    move,
    said_to,
    starts,
)


class TestWhatAServerSays:
    """Status codes, told apart alike in every style that changes the Appointment."""

    @pytest.mark.parametrize("style", ["update", "patch", "transaction"])
    @pytest.mark.parametrize(
        ("status", "became"),
        [
            pytest.param(409, "changed again and again", id="409-stale"),
            pytest.param(412, "changed again and again", id="412-stale"),
            pytest.param(423, EHRUnavailable, id="423-locked"),
            pytest.param(424, EHRUnavailable, id="424-dependency"),
            pytest.param(429, EHRUnavailable, id="429-too-many"),
            pytest.param(503, EHRUnavailable, id="503-away"),
            pytest.param(428, EHRRefused, id="428-version-was-named"),
            pytest.param(422, EHRRefused, id="422-a-rule"),
            pytest.param(401, EHRRefused, id="401"),
            pytest.param(403, "", id="403-may-not-write"),
            pytest.param(404, "", id="404-but-it-is-there"),
            pytest.param(410, "", id="410-but-it-is-there"),
            pytest.param(405, "", id="405-no-such-verb"),
            pytest.param(501, "", id="501-no-such-verb"),
        ],
    )
    async def test_to_a_confirmation(
        self,
        make_ehr: MakeEHR,
        style: str,
        status: int,
        became: type[EHRError] | str,
    ) -> None:
        server = clinic()
        said_to(server, "P", said({}, status))
        ehr = make_ehr(server, confirm_by=style)

        if became == "":
            assert await ehr.confirm(KEY) == Written(requested="")
        elif isinstance(became, str):
            with pytest.raises(EHRConflict, match=became):
                await ehr.confirm(KEY)
            assert len(server.writes) == 3
        else:
            with pytest.raises(became, match=str(status)):
                await ehr.confirm(KEY)
            assert len(server.writes) == 1

    @pytest.mark.parametrize(
        ("code", "error"),
        [
            pytest.param("lock-error", EHRUnavailable, id="locked"),
            pytest.param("conflict", EHRConflict, id="stale"),
            pytest.param("business-rule", EHRRefused, id="a-rule"),
        ],
    )
    async def test_a_bad_request_means_what_its_code_says(
        self, make_ehr: MakeEHR, code: str, error: type[EHRError]
    ) -> None:
        server = clinic()
        outcome = {"resourceType": "OperationOutcome", "issue": [{"code": code}]}
        said_to(server, "PUT", said(outcome, 400))

        with pytest.raises(error):
            await make_ehr(server, confirm_by="update").confirm(KEY)

    async def test_gone_in_between_is_a_conflict(self, make_ehr: MakeEHR) -> None:
        server = clinic()

        def gone(_: httpx.Request) -> httpx.Response:
            server.held.pop("Appointment/visit-1", None)
            return said({}, 410)

        server.fault = gone

        with pytest.raises(EHRConflict, match="gone"):
            await make_ehr(server, confirm_by="update").confirm(KEY)

    async def test_later_is_when_the_server_wishes(self, make_ehr: MakeEHR) -> None:
        server = clinic()
        said_to(server, "PUT", said({}, 424, Retry_After="120"))

        with pytest.raises(EHRUnavailable) as error:
            await make_ehr(server, confirm_by="update").confirm(KEY)

        assert error.value.retry_after is not None
        assert error.value.retry_after.total_seconds() == 120


class TestWithoutVersions:
    def _server(self) -> SmallServer:
        server = clinic()
        server.versioned = False
        for path in server.held:
            server.held[path].pop("meta")
        return server

    async def test_nothing_is_written_and_a_human_asked(
        self, make_ehr: MakeEHR
    ) -> None:
        server = self._server()

        written = await move(make_ehr(server, move_by="update"))

        assert written == Written(requested="")
        assert server.writes == []

    async def test_what_is_the_same_as_before_is_written_where_that_is_allowed(
        self, make_ehr: MakeEHR
    ) -> None:
        server = self._server()

        await move(make_ehr(server, move_by="update", unversioned_writes=True))

        assert starts(server) == ["2027-03-02T15:00:00Z"]
        assert not any("if-match" in each.headers for each in server.asked)

    async def test_what_changed_at_the_last_moment_is_not_overwritten(
        self, make_ehr: MakeEHR
    ) -> None:
        server = self._server()
        reads = 0
        read = server._read

        def changing(request: httpx.Request, path: str) -> httpx.Response:
            nonlocal reads
            if path == "Appointment/visit-1":
                reads += 1
                if reads == 2:
                    server.keep(server[path] | {"status": "cancelled"})
            return read(request, path)

        server._read = changing  # type: ignore[method-assign]
        ehr = make_ehr(server, confirm_by="update", unversioned_writes=True)

        with pytest.raises(EHRConflict, match="changed meanwhile"):
            await ehr.confirm(KEY)

        assert server.writes == []

    async def test_a_server_that_asks_for_a_version_after_all_gets_it(
        self, make_ehr: MakeEHR
    ) -> None:
        server = self._server()

        def versioned(request: httpx.Request) -> httpx.Response | None:
            if "if-match" in request.headers:
                return None
            server.versioned = True
            server.keep(server["Appointment/visit-1"])
            return said({}, 428)

        server.fault = versioned
        ehr = make_ehr(server, confirm_by="update", unversioned_writes=True)

        await ehr.confirm(KEY)

        versions = [
            e.headers.get("if-match") for e in server.asked if e.method == "PUT"
        ]
        assert versions == [None, 'W/"1"']
