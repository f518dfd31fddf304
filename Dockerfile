# The service with its data. It needs no network, writes to /tmp alone, and runs as an unprivileged user, in an image that has
# Python, the libraries that it loads, and nothing else: no shell, no package manager, no program of another user.

# Tag and digest are changed together; `make base-digest` tells the digest that the tag has now.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
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
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash "$(python -c 'import os; print(os.path.dirname(os.__file__))')" \
    /venv/lib service \
    && /venv/bin/python -m service check \
    && /venv/bin/python -m service openapi >/dev/null
# The root of the image: Python without the parts that only developers need, and the system's libraries that it and the
# packages are linked with. libgcc_s is loaded by name when a thread is cancelled.
RUN set -eu; \
    mkdir -p /image/etc /image/app; mkdir -m 1777 /image/tmp; \
    echo 'digits:x:10001:10001::/tmp:/nonexistent' >/image/etc/passwd; \
    echo 'digits:x:10001:' >/image/etc/group; \
    echo /usr/local/lib >/image/etc/ld.so.conf; \
    tar --create --directory / --exclude=site-packages --exclude=ensurepip --exclude=idlelib --exclude=lib2to3 --exclude=test \
        --exclude=macholib --exclude=tkinter --exclude=turtledemo --exclude=config-* --exclude=*.a \
        usr/local/bin/python usr/local/bin/python3 usr/local/bin/python3.13 usr/local/lib/python3.13 \
        $(cd / && ls -d usr/local/lib/libpython3*) | tar --extract --directory /image; \
    find /usr/local/bin/python3.13 /image/usr/local/lib /venv/lib -type f \( -name '*.so*' -o -name python3.13 \) -print0 \
        | xargs -0 ldd 2>/dev/null | awk '$2 == "=>" && $3 ~ "^/(usr/)?lib" { print $3 } $1 ~ "^/lib.*/ld-" { print $1 }' \
        | sort -u >/tmp/libraries; \
    ldconfig -p | awk '/libgcc_s/ { print $NF }' >>/tmp/libraries; \
    sort -u /tmp/libraries | xargs cp --parents --dereference --target-directory /image; \
    ldconfig -r /image

FROM scratch
COPY --from=build /image /
COPY --from=build /venv /venv
COPY --from=build /app/service /app/service
WORKDIR /app
# No cache directory: a file in /tmp would take as much memory as the pixels themselves.
ENV PATH=/venv/bin HOME=/tmp LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DIGITS_CACHE_DIR=
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as u; tls = 's' if os.environ.get('DIGITS_TLS_CERTIFICATE') else ''; \
u.urlopen(f'http{tls}://127.0.0.1:8000/readyz', timeout=4, context=ssl._create_unverified_context() if tls else None)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
