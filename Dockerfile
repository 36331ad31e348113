# syntax=docker/dockerfile:1
# The service in a container: docker compose up, or
#   docker build -t dctoon . && docker run -p 8080:8080 -v dctoon:/data dctoon
#   docker run --rm dctoon doctor

# The long-term release; everything from 20.19 on works.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts/device.ts ./scripts/
RUN npm run build && rm dist/.tsbuildinfo

FROM node:${NODE_VERSION}-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/prune-runtime.mjs ./scripts/
# onnxruntime-node brings the libraries of five systems, 288 MB; those of this one are 46 MB (x64) or 25 MB (arm64).
RUN npm ci --omit=dev --no-audit --no-fund && node scripts/prune-runtime.mjs

FROM node:${NODE_VERSION}-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production \
    WEB_HOST=0.0.0.0 \
    WEB_PORT=8080 \
    DATA_DIR=/data \
    MODELS_DIR=/app/models \
    # glibc: fewer heaps, and pictures' memory back to the system at once; 30 MB less.
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=1048576
# Made here, so that a new volume belongs to the user below.
RUN install -d -o node -g node -m 0700 /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE NOTICE ./
COPY src/web/assets ./src/web/assets
COPY src/queue/redis/scripts ./src/queue/redis/scripts
COPY models ./models

# By number, for Kubernetes' runAsNonRoot. Nothing is written outside of /data: the root may be read-only.
USER 1000:1000
VOLUME /data
EXPOSE 8080
# No tini: node is process 1, has handlers for SIGTERM and SIGINT, and waits for its children itself; they have none.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WEB_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=2", "--optimize-for-size", "dist/cli.js"]
CMD ["start"]
