# The bot without a database of its own. docs/operations.md says how to run it.
FROM python:3.11-slim AS build
WORKDIR /src
# What is installed comes from files whose hashes requirements.lock knows, and from nowhere else. The lock is that of
# development, too; what the bot does not need stays in this stage.
COPY requirements.lock ./
RUN pip download --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
        --requirement requirements.lock --dest /wheels
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY domain domain
COPY migrations migrations
COPY sandbox sandbox
RUN python -m venv --without-pip /app \
    && pip --python /app/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-index --find-links /wheels .

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Incident Tracker for Slack" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /app /app
# Nothing but /tmp is written to. With a port, the health check and the probes work in Socket Mode, too.
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    HOST=0.0.0.0 \
    PORT=3000 \
    LOG_FORMAT=json
WORKDIR /app
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["incident-tracker"]
CMD ["run"]
