"""What patients write back, and what it is understood as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.messages.replies import KEYWORDS, chosen, is_keyword, understand
from reminder.model.inbound import Wish

BOTH = ("en", "es-US")
TABLE: dict[Wish, str] = {
    Wish.CONFIRM: """
        C
        c
        C.
        (C)
        c!!!
        1
        1.
        #1
        \uff11
        \u0661
        1️⃣
        Y
        Yes
        YES!
        yes please
        Yes, thank you
        yes, thanks!
        Yep
        yeah
        Confirm
        CONFIRMED
        confirmed, thanks
        I confirm
        I confirm my appointment
        I'll be there
        I\u2019ll be there!
        We will be there.
        Hi, yes
        ok confirm
        👍
        👍👍
        👍🏽
        Si
        SÍ
        sí, gracias
        sí confirmo
        Confirmo
        confirmo mi cita por favor
        Ahí estaré
        \u200bC\u200b
        \u00a0yes\u00a0
        \u202eYes
    """,
    Wish.MOVE: """
        R
        r
        2
        2)
        Reschedule
        reschedule please
        Please reschedule
        RESCHEDULE!!
        re-schedule it please
        change
        Change time
        move
        move my appointment
        Can I reschedule?
        I need to reschedule
        I need to reschedule my appointment please
        hi can we please reschedule for next week
        could I change my appointment to Friday?
        I would like to move my appointment
        Cambiar
        cambiar mi cita
        Reprogramar
        quiero cambiar mi cita
        ¿Puedo reprogramar?
        otra hora
        otro día
    """,
    Wish.CANCEL: """
        N
        n
        3
        No
        NO.
        nope
        can't come
        I can't come
        I can\u2019t come, sorry?
        Cannot come
        I can't make it
        I cannot make it
        not coming
        I'm not coming
        I won't be there
        cancel my appointment
        Please cancel my appointment
        I need to cancel
        I need to cancel my appointment
        I would like to cancel my appointment, thank you
        cancel the visit
        no puedo ir
        No podré asistir
        no voy
        cancelar mi cita
        Quiero cancelar mi cita por favor
    """,
    Wish.STOP: """
        STOP
        Stop
        stop.
        stop!!
        "STOP"
        S T O P
        stopp
        sotp
        STPO
        stp
        stooooop
        st0p
        stop stop stop
        STOPALL
        stop all
        UNSUBSCRIBE
        unsubscibe
        unsubcribe
        unsuscribe
        CANCEL
        cancel please
        END
        QUIT
        REVOKE
        OPTOUT
        opt out
        OPT-OUT
        please stop
        Please stop texting me
        stop texting me!!
        Stop sending me messages
        stop these reminders
        STOP SENDING ME THESE TEXTS
        Please STOP, I moved away
        no more messages
        no more texts please
        don't text me
        Do not text me anymore
        dont contact me again
        please do not send me any more messages
        I don't want these texts
        I do not want to receive messages from you
        take me off your list
        remove me from this list
        remove my number
        unsubscribe me please
        opt me out
        leave me alone
        I revoke my consent
        I can't come, and stop texting me
        Yes but please stop texting me
        ALTO
        BAJA
        Parar
        CANCELAR
        no me manden mas
        No me manden más mensajes
        no me envíen más textos
        deje de enviar
        Dejen de mandarme mensajes
        No quiero recibir mensajes
        no mas mensajes
        quiero darme de baja
        ya no me escriban
        🛑
    """,
    Wish.START: """
        START
        start
        Unstop
        resume
        start again please
        comenzar
    """,
    Wish.HELP: """
        HELP
        help!
        Info
        help please
        AYUDA
        ayuda por favor
    """,
    Wish.NOT_ME: """
        wrong number
        Wrong number!!
        You have the wrong number
        sorry, wrong person
        not me
        This is not me
        that isn't me
        who is this
        Who is this?
        who's this??
        nobody here by that name
        wrong number, stop texting me
        numero equivocado
        Número equivocado
        se equivocó de número
        no soy
        No soy yo
        ¿quién es?
    """,
    Wish.OTHER: """
        I can't stop by on Tuesday
        I will stop by tomorrow
        Stop by on Tuesday?
        where is the bus stop?
        is there a bus stop nearby
        no problem
        no thanks
        No, thank you
        see you then, thanks
        thanks
        ok
        OK thanks
        can you confirm the time?
        Please confirm the address
        is this a wrong time?
        Is this the wrong number to ask about my bill?
        I gave you the wrong number of my insurance
        don't stop the reminders, I like them
        please don't stop sending reminders
        No need to reschedule
        I don't want to reschedule
        yes but can I come at 3
        Yes or no?
        not sure yet
        maybe
        no parking there, right?
        running 10 minutes late
        What should I bring?
        11
        12
        0
        4
        1 2
        10:30
        C or R?
        call me
        Can my husband come along?
        I'm at the end of the street
        The end is near
        I changed my insurance
        I have moved to Elm Street
        do I have to stop my blood thinner before?
        should I stop taking aspirin
        When do I stop eating?
        Shop
        top
        step
        subscribe to what
        help me find the place
        can you help me?
        👎
        👍👎
        👍 but later
        😀
        ?
        …
        да
        はい
        نعم
        no soy puntual pero voy
        gracias
        no hay problema
        nos vemos
        ¿dónde está la parada?
        no necesito cambiar mi cita
        I can come
        confirm nothing
    """,
}
CASES = [
    pytest.param(line.strip(" "), wish, id=f"{wish}-{n}")
    for wish, text in TABLE.items()
    for n, line in enumerate(filter(str.strip, text.split("\n")))
]
REPLIES = [line for text in TABLE.values() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize(("text", "wish"), CASES)
def test_a_reply_is_understood(text: str, wish: Wish) -> None:
    assert understand(text, languages=BOTH) is wish


def test_the_table_is_worth_its_name() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("language", ["en", "es", "ar", "zh-Hans", "", "nonsense"])
@pytest.mark.parametrize(
    ("text", "wish"),
    [
        pytest.param(
            "deje de enviar mensajes", Wish.STOP, id="a-stop-in-another-language"
        ),
        pytest.param("2", Wish.MOVE, id="a-digit"),
        pytest.param("confirm", Wish.CONFIRM, id="english"),
    ],
)
def test_some_is_understood_whatever_the_clinic_speaks(
    text: str, wish: Wish, language: str
) -> None:
    assert understand(text, languages=[language]) is wish


def test_a_language_the_clinic_does_not_use_is_left_to_a_human() -> None:
    assert understand("confirmo", languages=["en"]) is Wish.OTHER


@pytest.mark.parametrize("text", ["YES", "yes", "Sí", "si"])
def test_yes_from_a_stopped_number_starts_again(text: str) -> None:
    assert understand(text, languages=BOTH, stopped=True) is Wish.START
    assert understand(text, languages=BOTH) is Wish.CONFIRM


@pytest.mark.parametrize(
    ("text", "wish", "number"),
    [
        pytest.param("1", Wish.WHICH, 1, id="first"),
        pytest.param("2.", Wish.WHICH, 2, id="second"),
        pytest.param("9", Wish.WHICH, 9, id="more-than-there-are"),
        pytest.param("c", Wish.CONFIRM, 0, id="asked-anew"),
        pytest.param("stop", Wish.STOP, 0, id="stop-all-the-same"),
        pytest.param("the second", Wish.OTHER, 0, id="words"),
    ],
)
def test_after_our_question_a_digit_says_which(
    text: str, wish: Wish, number: int
) -> None:
    assert understand(text, asked=2) is wish
    assert chosen(text) == number


@given(
    st.sampled_from([line.strip(" ") for line in TABLE[Wish.STOP].split("\n")]).filter(
        bool
    ),
    st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    st.sampled_from([" ", "\u00a0", "\t", "\n", "\u200b", "\u202e", "!", " ..."]),
)
def test_a_stop_stays_one_in_any_dress(text: str, case: object, around: str) -> None:
    dressed = around + case(text) + around  # type: ignore[operator]
    assert understand(dressed, languages=BOTH) is Wish.STOP


@given(st.text(max_size=2500))
def test_anything_is_understood_as_something(text: str) -> None:
    assert isinstance(understand(text, languages=BOTH, asked=3), Wish)
    assert isinstance(is_keyword(text), bool)
    assert 0 <= chosen(text) <= 9


@given(
    st.sampled_from(REPLIES), st.sampled_from(["\u200b", "\u200f", "\u2060", "\ufeff"])
)
def test_what_cannot_be_seen_changes_nothing(text: str, unseen: str) -> None:
    parted = unseen.join(text)
    assert understand(parted, languages=BOTH) is understand(text, languages=BOTH)


@given(st.text(st.characters(categories=("L",)), min_size=1, max_size=8))
def test_no_word_acts_on_a_visit_that_is_not_in_a_table(word: str) -> None:
    known = " ".join(REPLIES).casefold()
    if word.casefold() not in known and len(word) > 5:
        acts = (Wish.CONFIRM, Wish.CANCEL, Wish.NOT_ME)
        assert understand(word, languages=BOTH) not in acts


def test_two_thousand_characters_are_read_fast_enough() -> None:
    assert understand("please can i " * 160, languages=BOTH) is Wish.OTHER
    assert understand("a " * 1000, languages=BOTH) is Wish.OTHER


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_what_carriers_act_on_is_understood_as_they_do(word: str) -> None:
    assert is_keyword(f" {word.upper()} ")
    assert understand(word, stopped=True) is KEYWORDS[word]
