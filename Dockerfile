# To pin the base to what was tried: docker build --build-arg BASE=python:3.11-slim@sha256:<digest> .
ARG BASE=python:3.11-slim
FROM ${BASE}

# Any user may run it (docker run --user 12345), also on a read-only root (--read-only --tmpfs /tmp).
COPY . /src
RUN pip install --no-cache-dir --constraint /src/.ci/constraints.txt "/src[postgres,tls]" \
    && rm -rf /src \
    && useradd --system --home-dir /data tgpay \
    && install -d -o tgpay -m 1777 /data
USER tgpay
WORKDIR /data

# A throw-away database, which is in /tmp; to keep it: -v tgpay-data:/data -e TGPAY_DATABASE=/data/emulator.db
ENV TGPAY_HOST=0.0.0.0 TGPAY_PORT=8472 TGPAY_DATABASE=:temporary: TGPAY_ADDRESS_FILE=/tmp/tgpay-emulator.address \
    TGPAY_ALLOWED_HOSTS=tgpay,tgpay-emulator HOME=/data PYTHONUNBUFFERED=1
EXPOSE 8472
# It follows the address that serve wrote down, whether the port was a variable or a flag.
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["tgpay-emulator", "healthcheck"]
ENTRYPOINT ["tgpay-emulator", "serve"]
