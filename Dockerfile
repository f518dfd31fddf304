# The service with its data baked in. It needs no network, writes to /tmp alone, and runs as nobody in particular.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /app
# A venv without pip: nothing can be installed into the running image.
RUN python -m venv --without-pip /venv
COPY requirements.txt ./
RUN --mount=type=cache,target=/var/cache/pip \
    pip --python /venv/bin/python --disable-pip-version-check --cache-dir /var/cache/pip install --quiet --no-compile \
    --require-hashes --requirement requirements.txt
# A third of the size is never imported. Of scikit-learn the service reads two files of data, so its code can go, and with it
# SciPy, which only that code needs; so can Arrow's clients of remote stores, zstandard's second backend, and what only the
# libraries' own developers use.
RUN cd /venv/lib/python3*/site-packages \
    && find sklearn -mindepth 1 -maxdepth 1 ! -name datasets ! -name __init__.py -exec rm -rf {} + \
    && rm -rf scipy scipy.libs joblib narwhals pyarrow/include pyarrow/*flight* pyarrow/*_s3* zstandard/*cffi* \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \) -delete
COPY service ./service
# Compiled here, because a read-only image cannot; by hash, because a copy may change times. Then the proof that nothing
# needed is gone: the data are read, and everything that the application imports is imported.
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
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
