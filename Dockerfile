# Couplet for clusters with GPUs, on Debian 12:   docker build -t couplet .      --build-arg CUDA=0: for CPUs alone
#   docker run --gpus all -v "$PWD:/work" couplet nf-train data.h5 -o teacher.h5
# Apptainer: docs/cluster.md.
FROM debian:12
ARG CUDA=1
ENV XDG_CACHE_HOME=/opt/couplet
RUN apt-get update && apt-get install -y --no-install-recommends make git ca-certificates
COPY . /usr/src/couplet
RUN cd /usr/src/couplet && make setup CUDA=$CUDA && make install CUDA=$CUDA && make clean && rm -rf "$XDG_CACHE_HOME"/couplet/ccache
WORKDIR /work
