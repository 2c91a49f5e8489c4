# PostGIS from the package of PostgreSQL's own image: it is built for x86-64 and arm64 alike.
FROM postgres:17-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-17-postgis-3 \
 && rm -rf /var/lib/apt/lists/*
