ARG PYTHON
FROM python:${PYTHON}
RUN python -m venv /v && /v/bin/pip install -q aiosmtpd==1.4.6
COPY catch.py /
ENTRYPOINT ["/v/bin/python", "-u", "/catch.py"]
