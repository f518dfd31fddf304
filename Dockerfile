# The service with its data. It needs no network, writes to /tmp alone, and runs as an unprivileged user.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /app
# A venv without pip: nothing can be installed into the running image.
RUN python -m venv --without-pip /venv
COPY requirements.txt ./
RUN --mount=type=cache,target=/var/cache/pip \
    pip --python /venv/bin/python --disable-pip-version-check --cache-dir /var/cache/pip install --quiet --no-compile \
    --require-hashes --requirement requirements.txt
COPY service ./service
# Compiled here, because the image is read-only when it runs; without a check of times, which copying may change. The last two
# commands prove that the data is valid and that the application can be imported.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib service \
    && /venv/bin/python -m service check \
    && /venv/bin/python -m service openapi >/dev/null

FROM python:${PYTHON}-slim
COPY --from=build /venv /venv
COPY --from=build /app/service /app/service
WORKDIR /app
ENV PATH=/venv/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as u; tls = 's' if os.environ.get('DIGITS_TLS_CERTIFICATE') else ''; \
u.urlopen(f'http{tls}://127.0.0.1:8000/readyz', timeout=4, context=ssl._create_unverified_context() if tls else None)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
