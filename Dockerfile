# The app with CUDA-enabled torch. On a machine with the NVIDIA container toolkit: docker run --gpus all ...; without a
# GPU it runs on the CPU. See docs/deploy.md.
FROM python:3.12-slim

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

# A C compiler: with it torch compiles long runs for the GPU. tini: see ENTRYPOINT.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev tini && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 mmclust && install -d -o mmclust -g mmclust /data
WORKDIR /app

# Torch and its CUDA libraries are nearly the whole size: a layer of their own, kept until their versions move.
COPY requirements.lock ./
RUN pip install --no-compile -c requirements.lock torch torchvision
# Runtime packages only, at the locked versions; the lock's development tools stay out.
COPY requirements.txt ./
RUN pip install --no-compile -c requirements.lock -r requirements.txt

# An optional set of packages, such as ray: docker build --build-arg EXTRA=ray ...
ARG EXTRA=""
COPY requirements-*.txt ./
RUN if [ -n "$EXTRA" ]; then pip install --no-compile -c requirements.lock -r "requirements-$EXTRA.txt"; fi

COPY .streamlit .streamlit
COPY assets assets
COPY mmclust mmclust
COPY pages pages
COPY app.py ./

USER mmclust
# Runs, caches and the store live on the volume. The address is set here only: outside a container the app stays local.
ENV MMCLUST_HOME=/data STREAMLIT_SERVER_ADDRESS=0.0.0.0 STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# SIGTERM lets the app stop its training, save and leave, within the ten seconds that `docker stop` gives it. As process 1
# tini passes it on from the first moment on, and buries processes that lose their parents.
STOPSIGNAL SIGTERM
ENV MMCLUST_GRACE_S=8
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "mmclust.ui"]
