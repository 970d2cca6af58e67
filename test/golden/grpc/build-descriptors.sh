#!/bin/sh
# Makes library.binpb of library.proto, with all that it imports. Needs nothing but the development dependencies.
set -e
cd "$(dirname "$0")"
root=../../..
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp library.proto "$stage"
mkdir -p "$stage/google/api"
for name in annotations http httpbody; do
  cp "$root/node_modules/@grpc/grpc-js-xds/deps/googleapis/google/api/$name.proto" "$stage/google/api"
done
echo '{"version":"v2"}' >"$stage/buf.yaml"
BUF_CACHE_DIR="$stage/cache" "$root/node_modules/.bin/buf" build "$stage" --path "$stage/library.proto" \
  --as-file-descriptor-set --exclude-source-info -o library.binpb
