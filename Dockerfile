# The workflow in a container: `docker build -t bias-transfer .`, and docs/ecosystem.md tells the rest.
FROM python:3.11-slim

LABEL org.opencontainers.image.title="bias-transfer" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

WORKDIR /opt/bias-transfer

# The index of torch's builds without CUDA, which are smaller; without it, the ones that can use a GPU.
ARG TORCH_INDEX=""
COPY envs envs
RUN pip install --no-cache-dir -c envs/constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch

COPY pyproject.toml README.md LICENSE CITATION.cff Snakefile config.yaml ./
COPY src src
RUN pip install --no-cache-dir -c envs/constraints.txt .

COPY workflow workflow
COPY config config
COPY profiles profiles
COPY docs docs

# Whoever runs it, under whatever number, can write here: caches go, the study stays where it is mounted.
ENV HOME=/tmp
WORKDIR /study
RUN useradd --uid 1000 study && chown study /study
USER study

CMD ["snakemake", "--snakefile", "/opt/bias-transfer/Snakefile", "--cores", "4", "--resources", "gpu=1"]
