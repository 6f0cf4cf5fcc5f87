# syntax=docker/dockerfile:1
# The lean binary for production: an external Temporal cluster and MySQL, no embedded server.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/cache \
    GOCACHE=/go/cache CGO_ENABLED=0 go build -trimpath -tags noembed -ldflags "-s -w -X main.version=${VERSION}" \
    -o /out/bellwether ./cmd/bellwether

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/bellwether /bellwether
USER nonroot:nonroot
EXPOSE 8080
ENTRYPOINT ["/bellwether"]
