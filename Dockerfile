# One image, many commands: worker, beat, Flower, migrations, desk, exporter (docker-compose.yml names them).
ARG PYTHON=3.13.7-slim-bookworm

FROM python:${PYTHON} AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/venv
# Only these two files decide what is installed, so that a change of code leaves this layer as it is.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > requirements.txt \
 && /opt/venv/bin/pip install --constraint constraints.txt --requirement requirements.txt

FROM python:${PYTHON}
RUN useradd --system --uid 10001 --home-dir /app --no-create-home escalation
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /app
COPY flowerconfig.py ./
COPY client/src client/src
COPY config config
COPY rules rules
COPY models models
COPY services services
COPY tasks tasks
COPY templates templates
COPY worker worker
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app:/app/client/src PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER escalation
# Nothing is written below /app, so the file system may be read-only.
ENTRYPOINT ["python", "-m"]
CMD ["worker", "--help"]
