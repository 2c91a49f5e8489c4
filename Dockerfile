# One image for web, worker, preparation and mail catcher; x86-64 and arm64. The same lock as on a machine.
FROM python:3.11-slim-bookworm

ENV PYTHONUTF8=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

COPY requirements.txt ./
RUN pip install --require-hashes --only-binary :all: -r requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY data data
COPY sql sql
COPY locale locale
COPY static static
COPY templates templates
COPY workers workers
COPY careweb careweb
RUN pip install --no-deps --no-build-isolation . \
 && useradd --system --uid 10001 --home-dir /state --create-home careweb \
 && install -d -o careweb -m 700 /mail

USER careweb
WORKDIR /state
ENV CAREWEB_STATE=/state CAREWEB_HOST=0.0.0.0 PORT=8000
VOLUME /state
EXPOSE 8000
CMD ["careweb", "serve"]
