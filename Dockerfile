# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
WORKDIR /build
COPY requirements/build.lock requirements/runtime.lock requirements/
RUN /venv/bin/pip install --require-hashes -r requirements/build.lock -r requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY responder responder
COPY connectors connectors
COPY prompts prompts
RUN /venv/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/responder responder \
    && install -d -o responder -g responder -m 700 /var/lib/responder
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    VAR_DIR=/var/lib/responder \
    LOG_FORMAT=json
USER responder
WORKDIR /var/lib/responder
VOLUME /var/lib/responder
EXPOSE 8000
ENTRYPOINT ["responder"]
CMD ["serve"]
