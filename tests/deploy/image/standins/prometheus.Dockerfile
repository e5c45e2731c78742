FROM debian-standin
RUN apt-get update && apt-get install -y --no-install-recommends prometheus && apt-get clean \
 && install -d -o nobody -g nogroup /prometheus
USER nobody
VOLUME /prometheus
WORKDIR /prometheus
ENTRYPOINT ["/usr/bin/prometheus", "--storage.tsdb.path=/prometheus"]
