FROM debian-standin
RUN apt-get update && apt-get install -y --no-install-recommends python3.13 python3.13-venv ca-certificates \
 && ln -s /usr/bin/python3.13 /usr/local/bin/python && apt-get clean && rm -rf /var/lib/apt/lists/* \
 # As the official image: no bytecode of the standard library.
 && find /usr/lib/python3.13 /usr/lib/python3 -name __pycache__ -exec rm -r {} +
COPY certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY pip.conf /etc/pip.conf
