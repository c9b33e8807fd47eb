from reminder.sandbox.forms import read_forms

PAGE = """
<form method="get" action="/elsewhere"><input name="lang" value="es"></form>
<form method="post" action="/v#problem">
  <input type="hidden" name="link" value="token">
  <select name="month"><option value="1">1</option></select>
  <input name="day" value="">
  <button class="primary">Continue</button>
</form>
<form method="post" action="/move">
  <input type="hidden" name="link" value="a&amp;b">
  <input type="radio" name="slot" value="first">
  <input type="radio" name="slot" value="second" checked>
  <button name="later" value="1">Later</button>
</form>
<input name="stray" value="outside of any form">
"""


def test_only_forms_that_are_posted_are_read() -> None:
    assert [form.path for form in read_forms(PAGE)] == ["/v", "/move"]


def test_fields_are_sent_with_what_the_page_filled_in() -> None:
    first, second = read_forms(PAGE)

    assert first.fields == {"link": "token", "month": "", "day": ""}
    assert second.fields == {"link": "a&b", "slot": "second"}


def test_radio_buttons_and_named_buttons_are_choices() -> None:
    _, form = read_forms(PAGE)

    assert form.choices == [("slot", "first"), ("slot", "second"), ("later", "1")]
