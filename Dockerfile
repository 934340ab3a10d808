# docker build -t jopa . && docker run --rm jopa explain "Write a story about a doctor."
# Built for any processor of its kind; the default model is in the image, so nothing is fetched when it runs.
FROM debian:bookworm-slim AS build
RUN apt-get update -q && apt-get install -q -y --no-install-recommends \
    ca-certificates cmake g++ gcc git libcmocka-dev libcurl4-openssl-dev libdnnl-dev libicu-dev libjansson-dev liblapacke-dev \
    libmicrohttpd-dev libopenblas-serial-dev libpopt-dev make ninja-build npm pkg-config python3 python3-pip
WORKDIR /jopa
COPY . .
RUN make CMAKE_FLAGS=-DJOPA_NATIVE=OFF && cmake --install build --prefix /opt/jopa --strip && scripts/fetch-model.sh

FROM debian:bookworm-slim
RUN apt-get update -q && apt-get install -q -y --no-install-recommends \
    ca-certificates libcurl4 libdnnl2 libgomp1 libicu72 libjansson4 liblapacke libmicrohttpd12 libopenblas0-serial libpopt0 && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/jopa /opt/jopa
COPY --from=build /root/.cache/jopa/models /root/.cache/jopa/models
ENTRYPOINT ["/opt/jopa/bin/jopa"]
