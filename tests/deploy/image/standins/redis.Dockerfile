FROM debian-standin
RUN groupadd -r -g 999 redis && useradd -r -u 999 -g 999 redis \
 && apt-get update && apt-get install -y --no-install-recommends redis-server && apt-get clean \
 && install -d -o redis -g redis /data
VOLUME /data
WORKDIR /data
