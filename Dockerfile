# The server in two stages: the first has what installing needs, the second only what running needs.

FROM python:3.13-slim AS libraries

WORKDIR /srv
COPY requirements.lock .
RUN python -m venv /srv/venv \
    && /srv/venv/bin/pip install --no-cache-dir --requirement requirements.lock


FROM python:3.13-slim

# A user of its own, who may write to /data and nowhere else.
RUN useradd --system --uid 10001 --no-create-home signalbox \
    && install --directory --owner=signalbox --mode=0700 /data

WORKDIR /srv
COPY --from=libraries /srv/venv /srv/venv
COPY app app
COPY workflow-templates workflow-templates
# Compiled once here, and not at each start and each command.
RUN python -m compileall -q app
# So that whoever looks into the container finds the command of the manual.
RUN printf '#!/bin/sh\nPYTHONPATH=/srv exec python -m app "$@"\n' > /usr/local/bin/signalbox \
    && chmod 0755 /usr/local/bin/signalbox

ENV PATH=/srv/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATABASE_URL=sqlite:////data/signalbox.db

# By number, so that a host which forbids root can tell.
USER 10001
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=2)"]

CMD ["python", "-m", "app", "serve"]
