import pytest

from reminder.messages.opt_out import offers_a_way_out, reserved_answers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Reply CANCEL to cancel.", ["CANCEL"], id="cancel"),
        pytest.param("reply cancel to cancel", ["CANCEL"], id="in-small-letters"),
        pytest.param("Reply with 'YES' to confirm", ["YES"], id="yes-in-quotes"),
        pytest.param("Text us STOP to cancel your visit", ["STOP"], id="stop-a-visit"),
        pytest.param("Reply STOP to end your appointment", ["STOP"], id="end-a-visit"),
        pytest.param("Reply Y to confirm or CANCEL", ["CANCEL"], id="the-second-word"),
        pytest.param("Reply YES or END", ["YES", "END"], id="both"),
        pytest.param("Send START to begin", ["START"], id="an-opt-in"),
        pytest.param("Responda SI para confirmar", ["SI"], id="si"),
        pytest.param("Responda SÍ para confirmar", ["SÍ"], id="sí"),
        pytest.param("Responda con CANCELAR", ["CANCELAR"], id="cancelar"),
        pytest.param("Envíe BAJA para cambiar la cita", ["BAJA"], id="baja"),
        pytest.param("Reply STOP to stop", [], id="the-way-out"),
        pytest.param('Reply "STOP" to opt out.', [], id="the-way-out-in-quotes"),
        pytest.param("STOP: baja", [], id="the-short-way-out"),
        pytest.param("Responda STOP para no recibir avisos", [], id="in-spanish"),
        pytest.param("Reply 1 to confirm, STOP to unsubscribe", [], id="after-another"),
        pytest.param("Please tell us if you must cancel.", [], id="cancel-as-a-verb"),
        pytest.param("Reply to cancel the visit", [], id="a-verb-after-reply"),
        pytest.param("Responda si puede venir", [], id="si-is-also-if"),
        pytest.param("Reply C to change it", [], id="a-letter"),
        pytest.param("Reply soon. CANCEL by phone", [], id="another-sentence"),
    ],
)
def test_a_reserved_word_is_no_answer(text: str, words: list[str]) -> None:
    assert [asked.word for asked in reserved_answers(text)] == words
    assert all(
        text[at.position :].upper().startswith(at.word) for at in reserved_answers(text)
    )


@pytest.mark.parametrize(
    ("text", "language", "offers"),
    [
        pytest.param("Reply STOP to stop", "en", True, id="en"),
        pytest.param("STOP to opt out.", "en", True, id="short"),
        pytest.param("Responda STOP para no recibir avisos", "es", True, id="es"),
        pytest.param("Répondez STOP", "fr", True, id="another-language"),
        pytest.param("See you soon", "en", False, id="nothing"),
        pytest.param("Non-stop care", "fr", False, id="not-the-word"),
        pytest.param("Reply STOP to cancel your visit", "en", False, id="a-visit"),
    ],
)
def test_a_way_out_says_what_stops(text: str, language: str, offers: bool) -> None:
    assert offers_a_way_out(text, language) == offers
