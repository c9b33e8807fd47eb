"""The system's Chromium, kept off other networks, and a server to look at."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, async_playwright

from reminder.sandbox.serving import loopback_socket, serving, url_of

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """A browser for all tests, of which each opens a context of its own.

    Skips with one line without Chromium, and fails where CI promises it.
    """
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":  # noqa: TID251 - asks the test run itself
            pytest.fail(f"CI must have {CHROMIUM}")
        pytest.skip(f"no {CHROMIUM}: pages are not looked at in a browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application on a free port of this machine; its address."""
    bound = loopback_socket()
    async with serving(app, bound):
        yield url_of(bound)
