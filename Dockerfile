# Reminder in a container: built from the lock file, run by a user without rights.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock requirements-run.lock ./
# The lock file holds the build backend too; it stays behind in this stage.
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
 && python -m venv /opt/reminder \
 && /opt/reminder/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY reminder ./reminder
COPY templates ./templates
COPY fixtures ./fixtures
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/reminder/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /var/lib/reminder --create-home --shell /usr/sbin/nologin reminder
COPY --from=build /opt/reminder /opt/reminder
ENV PATH=/opt/reminder/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    REMINDER_CONFIG=/etc/reminder/reminder.toml
USER 10001
WORKDIR /var/lib/reminder
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["reminder"]
CMD ["run"]
