# goldstream's image: `docker build --tag goldstream .`, then `docker run goldstream --help`.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/goldstream
WORKDIR /src
COPY . .
RUN /opt/goldstream/bin/pip install --constraint constraints.txt .

FROM python:3.11-slim
# Numbers, so that an orchestrator can tell without the image's user table that this is not root.
RUN groupadd --gid 10001 goldstream \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin goldstream
COPY --from=build /opt/goldstream /opt/goldstream
# Nothing is written: the root file system may be read-only.
ENV PATH=/opt/goldstream/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /opt/goldstream
EXPOSE 6066
ENTRYPOINT ["goldstream"]
CMD ["worker"]
