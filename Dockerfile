# bazaard on Debian 13: built in the first stage; in the second only the program and the libraries that it names.
#
#   docker build -t bazaard .
#   docker run --rm bazaard --help
#
# The base by its digest, of the index for all architectures: the same bytes each time. A newer one is named here, or for one build
# by --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=docker.io/library/debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f
FROM ${BASE_IMAGE} AS build
WORKDIR /src
# With a compiler cache mounted at /root/.cache/ccache: what scripts/dev build says of it.
ENV CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=true CCACHE_SLOPPINESS=locale
COPY scripts/lib scripts/lib
RUN bash -euc '. scripts/lib/common.sh; . scripts/lib/packages.sh; ensure_packages build; rm -rf /var/lib/apt/lists/*'
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY include include
COPY packaging packaging
COPY seed seed
COPY scenarios scenarios
COPY sql sql
COPY src src
COPY web web
# How many compilers at a time; all processors if not said.
ARG CMAKE_BUILD_PARALLEL_LEVEL
# ON: a warning ends the build.
ARG BAZAARD_WERROR=OFF
# What --version says of the source: the commit.
ARG BAZAARD_COMMIT=
RUN cmake --preset release -DBAZAARD_TESTS=OFF -DBAZAARD_UNITY=ON -DBAZAARD_WERROR="$BAZAARD_WERROR" -DBAZAARD_COMMIT="$BAZAARD_COMMIT" && cmake --build --preset release --target bazaard && \
    install -D --strip build/release/bazaard /out/bazaard
# The packages of the libraries that the program names itself; apt knows what those need.
RUN readelf --dynamic /out/bazaard | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | \
    while read -r library; do dpkg --search "*/$library"; done | \
    sed -nE 's/^([^ :,]+)(:[^ ]+)?: .*/\1/p' | sort -u >/out/packages && \
    grep -qx libpq5 /out/packages

FROM ${BASE_IMAGE}
COPY --from=build /out/packages /usr/share/bazaard/packages
RUN apt-get -q update && \
    DEBIAN_FRONTEND=noninteractive xargs -a /usr/share/bazaard/packages \
        apt-get -q -y --no-install-recommends install ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin bazaard
COPY --from=build /out/bazaard /usr/local/bin/bazaard
COPY LICENSE /usr/share/bazaard/LICENSE
COPY seed/LICENSES /usr/share/bazaard/seed-licenses
LABEL org.opencontainers.image.title="bazaard" \
      org.opencontainers.image.description="A realistic online shop, alive in PostgreSQL, for change data capture" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number: an orchestrator can see that it is not root.
USER 10001:10001
# It drains on this and ends with 0.
STOPSIGNAL SIGTERM
# Of 'run': whether it writes, by its control socket. Other commands end by themselves, most of them before this begins to count.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["bazaard", "ctl", "health"]
ENTRYPOINT ["bazaard"]
CMD ["run"]
