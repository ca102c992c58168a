# To pin the base to what was tried: docker build --build-arg BASE=python:3.11-slim@sha256:<digest> .
ARG BASE=python:3.11-slim
FROM ${BASE}

COPY . /src
RUN pip install --no-cache-dir --constraint /src/.ci/constraints.txt /src \
    && rm -rf /src \
    && useradd --system --create-home --home-dir /home/tgpay tgpay \
    && install -d -m 1777 /data
USER tgpay
WORKDIR /home/tgpay

# A throw-away database; to keep it: -v tgpay-data:/data -e TGPAY_DATABASE=/data/emulator.db
# Everything that is written lies in /tmp or /data, so that any user and a read-only root will do:
# docker run --user 12345 --read-only --tmpfs /tmp
ENV TGPAY_HOST=0.0.0.0 TGPAY_PORT=8472 TGPAY_DATABASE=:temporary: TGPAY_ADDRESS_FILE=/tmp/tgpay-emulator.address \
    TGPAY_ALLOWED_HOSTS=tgpay,tgpay-emulator \
    PYTHONUNBUFFERED=1
EXPOSE 8472
# It follows the address that serve wrote down, whether the port was a variable or a flag.
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["tgpay-emulator", "healthcheck"]
ENTRYPOINT ["tgpay-emulator", "serve"]
