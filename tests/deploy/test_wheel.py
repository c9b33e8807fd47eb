"""What travels: a wheel with everything the demo and the pages need in it."""

import subprocess
import sys
import zipfile
from pathlib import Path

TOP = Path(__file__).parents[2]
CARRIED = {
    "templates": "reminder/_bundled/templates",
    "fixtures/sandbox": "reminder/_bundled/fixtures/sandbox",
    "reminder": "reminder",
}


def test_the_wheel_carries_templates_migrations_and_the_demos_fixtures(
    tmp_path: Path,
) -> None:
    subprocess.run(  # noqa: S603 - our own build
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path)),
            str(TOP),
        ],
        check=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())

    expected = {
        f"{place}/{file.relative_to(TOP / folder)}"
        for folder, place in CARRIED.items()
        for file in (TOP / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert expected <= carried
    assert len(expected) > 250
    assert not [name for name in carried if name.startswith(("tests/", "docs/"))]
