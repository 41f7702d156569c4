# The daemon in a small image: SQLite in a volume unless OKRSYNC_DATABASE_URL says otherwise; runs as nobody special.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/okrsync
COPY requirements/runtime.txt requirements/
RUN /opt/okrsync/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY service service
RUN /opt/okrsync/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home okrsync && mkdir -p /data && chown okrsync /data
COPY --from=build /opt/okrsync /opt/okrsync
ENV PATH=/opt/okrsync/bin:$PATH OKRSYNC_CONFIG=/data/config/okrsync.toml
USER okrsync
WORKDIR /data
VOLUME /data
ENTRYPOINT ["okrsync"]
CMD ["run"]
