import shutil
from pathlib import Path

import pytest

from reminder.messages.render import NAMES, Renderer, TemplateError, files
from reminder.messages.wording import REPLIES
from reminder.resources import bundled
from tests.messages.samples import LINK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the templates to spoil."""
    for name in ("email", "sms"):
        shutil.copytree(bundled("templates") / name, tmp_path / name)
    return tmp_path


def check(folder: Path) -> None:
    Renderer(folder).check(["en", "es"])


def append(folder: Path, file: str, text: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as template:
        template.write(text)


def test_our_own_templates_pass() -> None:
    check(bundled("templates"))


def test_every_template_has_its_siblings_in_every_language() -> None:
    root = bundled("templates")
    found = {
        path.relative_to(root).as_posix()
        for channel in ("email", "sms")
        for path in (root / channel).glob("*/*")
        if not path.name.startswith("_")
    }

    assert found == set(files(["en", "es"], NAMES | REPLIES))


def test_the_parts_of_both_languages_are_the_same() -> None:
    root = bundled("templates/email")

    english, spanish = (
        {path.name for path in (root / language).glob("_*")}
        for language in ("en", "es")
    )

    assert english == spanish != set()


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        pytest.param(
            "sms/es/reminder.txt",
            "{{ nmae }}",
            "sms/es/reminder.txt:4: 'nmae' is not defined here",
            id="undefined",
        ),
        pytest.param(
            "sms/en/reminder.txt",
            "{% if not clinic %}{{ nmae }}{% endif %}",
            "sms/en/reminder.txt:4: 'nmae' is not defined here",
            id="undefined-in-a-branch-not-taken",
        ),
        pytest.param(
            "sms/en/reminder.txt",
            "{% if not clinic %}{{ clinic|uper }}{% endif %}",
            "sms/en/reminder.txt:4: there is no filter 'uper'",
            id="unknown-filter-in-a-branch-not-taken",
        ),
        pytest.param(
            "sms/en/reminder.txt",
            "{{ name }}",
            "sms/en/reminder.txt:4: 'name' is not defined here",
            id="a-name-in-a-text-message",
        ),
        pytest.param(
            "email/en/reminder.subject.txt",
            "{{ visits }}",
            "email/en/reminder.subject.txt:2: 'visits' is not defined here",
            id="a-visit-in-a-subject",
        ),
        pytest.param(
            "email/en/new-link.txt",
            "{% block lead %}{{ name }}{% endblock %}",
            "email/en/new-link.txt: 'block' tag with name 'lead'",
            id="a-block-twice",
        ),
        pytest.param(
            "email/en/_visits.txt",
            "{% if x %}",
            "email/en/_visits.txt:",
            id="not-well-formed",
        ),
        pytest.param(
            "email/en/_base.txt",
            "{{ range(9) }}",
            "email/en/_base.txt:",
            id="a-function",
        ),
        pytest.param(
            "email/en/_base.txt",
            "{{ phone.__class__.__mro__ }}",
            "email/en/_base.txt:",
            id="out-of-the-sandbox",
        ),
        pytest.param(
            "email/en/_base.txt",
            "{{ phone|safe }}",
            "email/en/_base.txt:",
            id="a-filter-that-unescapes",
        ),
    ],
)
def test_a_template_that_cannot_work_is_refused_by_file_line_and_name(
    folder: Path, file: str, text: str, expected: str
) -> None:
    append(folder, file, text)

    with pytest.raises(TemplateError) as refused:
        check(folder)

    if expected.endswith("'lead'"):
        assert str(refused.value).startswith("email/en/new-link.txt:")
    else:
        assert str(refused.value).startswith(expected)


def test_an_undefined_attribute_is_named_with_its_line(folder: Path) -> None:
    file = "email/es/_visits.txt"
    text = (folder / file).read_text("utf-8")
    (folder / file).write_text(text.replace("visit.zone", "visit.zoen"), "utf-8")
    line = next(n for n, at in enumerate(text.splitlines(), 1) if "visit.zone" in at)

    with pytest.raises(TemplateError, match="zoen") as refused:
        check(folder)

    assert str(refused.value).startswith(f"{file}:{line}: ")


def test_a_missing_sibling_is_named(folder: Path) -> None:
    (folder / "email/es/answer-moved.html").unlink()

    with pytest.raises(TemplateError, match=r"^email/es/answer-moved\.html: "):
        check(folder)


def test_a_language_without_templates_is_refused_and_a_region_is_not(
    folder: Path,
) -> None:
    Renderer(folder).check(["es-MX", "en_US"])

    with pytest.raises(TemplateError, match="email/fr/"):
        Renderer(folder).check(["fr"])


def test_a_template_that_a_rule_names_must_exist(folder: Path) -> None:
    with pytest.raises(TemplateError, match="email/en/bring-papers"):
        Renderer(folder).check(["en"], ["bring-papers"])


def test_what_a_patient_is_called_is_never_in_the_error(folder: Path) -> None:
    append(folder, "sms/en/reminder.txt", "{{ link[clinic] }}")
    words = {"clinic": "Zanzibar", "link": LINK}

    with pytest.raises(TemplateError) as refused:
        Renderer(folder).render("sms/en/reminder.txt", words)

    error: BaseException = refused.value
    assert "sms/en/reminder.txt:4: " in str(error)
    assert "Zanzibar" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_nothing_outside_the_folder_can_be_rendered(folder: Path) -> None:
    renderer = Renderer(folder / "email" / "..")

    for file in ("../secret.txt", "/etc/hostname", "web/page.html"):
        with pytest.raises(TemplateError):
            renderer.render(file, {})


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en", "en"), ("es-MX", "es"), ("ES_us", "es"), ("fr", "en"), ("", "en")],
)
def test_a_language_we_do_not_write_becomes_english(
    renderer: Renderer, tag: str, language: str
) -> None:
    assert renderer.language(tag) == language


def test_only_html_is_escaped(folder: Path) -> None:
    for file in ("email/en/x.html", "email/en/x.txt"):
        (folder / file).write_text("{{ name }}")
    renderer = Renderer(folder)

    assert renderer.render("email/en/x.html", {"name": "<b>&'\""}) == (
        "&lt;b&gt;&amp;&#39;&#34;"
    )
    assert renderer.render("email/en/x.txt", {"name": "<b>&"}) == "<b>&"
