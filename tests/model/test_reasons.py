"""Every reason and note has words for people, short enough for a table."""

import pytest

from reminder.model.reasons import NOTES, SENTENCES, Note, Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason):
    sentence = SENTENCES[reason]

    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert 20 <= len(sentence) <= 70


@pytest.mark.parametrize("note", Note)
def test_every_note_has_words_that_go_on_a_sentence(note):
    words = NOTES[note]

    assert words[0].islower()
    assert not words.endswith(".")
    assert 15 <= len(words) <= 70


def test_no_two_reasons_or_notes_share_their_words():
    assert len({*SENTENCES.values(), *NOTES.values()}) == len(Reason) + len(Note)


def test_no_words_are_kept_for_what_there_is_not():
    assert set(SENTENCES) == set(Reason)
    assert set(NOTES) == set(Note)
