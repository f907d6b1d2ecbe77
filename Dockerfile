# docker build -t heapadmin .
# docker run -p 127.0.0.1:8000:8000 -v heapadmin:/data heapadmin     everything in one container, for a first look
# compose.yaml runs the parts apart, behind a reverse proxy.

# Pinned by digest; docs/operations.md, "With containers", says how to renew it.
ARG PYTHON=python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements/run.txt /tmp/run.txt
RUN /opt/venv/bin/python -m pip install --quiet --require-hashes -r /tmp/run.txt

FROM ${PYTHON}
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin heapadmin \
    && install -d -o heapadmin -g heapadmin -m 0700 /data /backups
COPY --from=build /opt/venv /opt/venv
COPY . /opt/heapadmin
WORKDIR /opt/heapadmin
RUN /opt/venv/bin/python -m compileall -q .
USER heapadmin
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOST=0.0.0.0 PORT=8000 \
    SITE_URL=http://127.0.0.1:8000
EXPOSE 8000
VOLUME /data
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "standalone"]
