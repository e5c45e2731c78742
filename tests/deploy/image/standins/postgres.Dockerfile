FROM debian-standin
RUN groupadd -r -g 999 postgres && useradd -r -u 999 -g 999 -d /var/lib/postgresql postgres \
 && apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/postgresql/*/main && apt-get clean
ENV PATH=/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data
# Ownership and modes as in the official image, which is what lets it start as that user.
RUN install -d -o postgres -g postgres -m 1777 $PGDATA && install -d -o postgres -g postgres -m 3777 /var/run/postgresql
VOLUME /var/lib/postgresql/data
COPY postgres-start /start
STOPSIGNAL SIGINT
ENTRYPOINT ["/start"]
