FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY bot bot
COPY domain domain
COPY migrations migrations
COPY sandbox sandbox
# The lock also pins what only development needs; as constraints, it pins what is installed and installs no more.
RUN sed -e '/--hash=/d' -e 's/ *\\$//' requirements.lock > constraints.txt \
    && python -m venv /app \
    && PIP_CONSTRAINT=constraints.txt /app/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.11-slim
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin incidents
USER incidents
ENTRYPOINT ["incident-tracker"]
CMD ["run"]
