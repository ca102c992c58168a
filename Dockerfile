FROM python:3.11-slim

COPY . /src
RUN pip install --no-cache-dir /src \
    && rm -rf /src \
    && useradd --system --create-home --home-dir /home/tgpay tgpay \
    && mkdir /data \
    && chown tgpay: /data
USER tgpay
WORKDIR /home/tgpay

# A throw-away database; to keep it: -v tgpay-data:/data -e TGPAY_DATABASE=/data/emulator.db
ENV TGPAY_HOST=0.0.0.0 TGPAY_PORT=8472 TGPAY_DATABASE=:temporary: TGPAY_ADDRESS_FILE=/home/tgpay/address PYTHONUNBUFFERED=1
EXPOSE 8472
# It follows the address that serve wrote down, whether the port was a variable or a flag.
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["tgpay-emulator", "healthcheck"]
ENTRYPOINT ["tgpay-emulator", "serve"]
